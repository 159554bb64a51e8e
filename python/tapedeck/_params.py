"""Python values as the parameters of a request."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import FrozenSet, Iterable, List, Mapping, Optional, Tuple, Union
from urllib.parse import quote, urlencode

from .errors import BadRequest
from .types import Filters, TradeFilters

#: A moment: an aware datetime, an RFC 3339 text, or an event id.
Moment = Union[datetime, str]
Query = List[Tuple[str, str]]

EVENT_FILTERS: FrozenSet[str] = frozenset(Filters.__annotations__)
TRADE_FILTERS: FrozenSet[str] = frozenset(TradeFilters.__annotations__)


def rfc3339(name: str, moment: datetime) -> str:
    """A datetime as the server writes it. BadRequest for one without a time zone."""
    if moment.utcoffset() is None:
        raise BadRequest(
            f"{name}={moment.isoformat()} has no time zone, so nobody knows which moment it is: "
            "give it one, such as datetime(…, tzinfo=timezone.utc) or .astimezone().",
            field=name,
        )
    utc = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


def add_moment(query: Query, name: str, moment: Optional[Moment]) -> None:
    """Appends since, until or at; nothing for None."""
    if moment is None:
        return
    if isinstance(moment, datetime):
        query.append((name, rfc3339(name, moment)))
    elif isinstance(moment, str):
        query.append((name, moment))
    else:
        raise BadRequest(
            f"{name} is a {type(moment).__name__}; it must be a datetime with a time zone, an "
            "RFC 3339 text or an event id.",
            field=name,
        )


def add_values(query: Query, name: str, values: object) -> None:
    """Appends a list of values, any of which matches; nothing for None."""
    if values is None:
        return
    if isinstance(values, str):
        query.append((name, values))
        return
    items: List[object] = list(values) if isinstance(values, Iterable) else [values]
    for item in items:
        if not isinstance(item, str):
            raise BadRequest(f"{name} holds {item!r}; it must be text.", field=name)
        if "," in item:
            raise BadRequest(
                f"{name} holds {item!r}, but the server reads a comma as the end of a value: "
                "compare it in filter= instead.",
                field=name,
            )
    if not items:
        raise BadRequest(f"{name}=[] matches nothing; name one or leave it out.", field=name)
    query.append((name, ",".join(str(item) for item in items)))


def add_filters(query: Query, filters: Mapping[str, object], known: FrozenSet[str]) -> None:
    """Appends filters by name. TypeError for a name there is not, as for any Python function."""
    for name, value in filters.items():
        if name not in known:
            raise TypeError(
                f"there is no parameter {name!r}; filters are {', '.join(sorted(known))}"
            )
        if name == "filter" and value is not None and not isinstance(value, str):
            raise BadRequest("filter must be the text of an expression.", field="filter")
        add_values(query, name, value)


def with_query(path: str, query: Query) -> str:
    """A path and its parameters as one request target."""
    return f"{path}?{urlencode(query, quote_via=quote, safe=',:')}" if query else path


def path_part(text: str) -> str:
    """A text as one part of a path."""
    if not isinstance(text, str) or text in ("", ".", ".."):
        raise BadRequest(f"{text!r} is no id.")
    return quote(text, safe="")


def whole(name: str, value: int, least: int, most: int) -> int:
    """A whole number within bounds, or BadRequest."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadRequest(
            f"{name}={value!r} must be a whole number from {least} to {most}.", field=name
        )
    return value


def visible_ascii(name: str, value: str) -> str:
    """A text that may stand in a header, or BadRequest."""
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]{1,128}", value):
        raise BadRequest(f"{name} must be 1 to 128 visible ASCII characters.", field=name)
    return value
