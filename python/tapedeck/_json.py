"""JSON in and out, as the server speaks it."""

from __future__ import annotations

import json
import math
from datetime import datetime
from decimal import Decimal
from typing import Any, Iterable, List, Mapping

from ._params import rfc3339
from .errors import BadRequest


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _long_integer(digits: str) -> int:
    # int() refuses more than 4300 digits since 3.11; events may carry integers of any length.
    return int(Decimal(digits))


#: Decodes a value in the middle of a text: ``raw_decode(text, index)`` -> (value, end).
DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_PATIENT_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_long_integer)


def loads(text: str) -> Any:
    """A JSON text as Python values. ValueError for anything else."""
    try:
        try:
            return DECODER.decode(text)
        except ValueError:
            return _PATIENT_DECODER.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _without_nonfinite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _without_nonfinite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nonfinite(item) for item in value]
    return value


def _dumps(value: Any) -> str:
    return json.dumps(value, allow_nan=False, default=str, separators=(",", ":"))


def _encode_event(event: Any, index: int) -> str:
    if not isinstance(event, Mapping):
        kind = type(event).__name__
        raise BadRequest(f"Event {index} is a {kind}; an event is a dict with type and payload.")
    fields = dict(event)
    if isinstance(fields.get("timestamp"), datetime):
        fields["timestamp"] = rfc3339("timestamp", fields["timestamp"])
    try:
        try:
            return _dumps(fields)
        except ValueError:  # NaN and infinities have no form in JSON: null, as everywhere here
            return _dumps(_without_nonfinite(fields))
    except RecursionError:
        raise BadRequest(f"Event {index} contains itself or is nested too deeply.") from None
    except (TypeError, ValueError) as error:
        raise BadRequest(f"Event {index} cannot be written as JSON: {error}.") from None


def encode_events(events: Iterable[Any]) -> bytes:
    """Events as NDJSON. BadRequest names the event that cannot be written."""
    lines: List[str] = [_encode_event(event, index) for index, event in enumerate(events)]
    return "\n".join(lines).encode("ascii")


def encode_object(value: Mapping[str, Any]) -> bytes:
    """A JSON object as bytes. BadRequest for what has no form in JSON."""
    try:
        return _dumps(value).encode("ascii")
    except ValueError as error:
        raise BadRequest(f"It cannot be written as JSON: {error}.") from None
