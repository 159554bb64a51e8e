"""What Schemathesis cannot read from the document: formats, NDJSON, rules between parameters.

Loaded through SCHEMATHESIS_HOOKS. The rules are those that the descriptions of the operations state
in words, because OpenAPI has no other way to say them. They are applied to valid requests only:
requests that are meant to be wrong stay as wrong as they are.
"""

from __future__ import annotations

import itertools
import json
import os
from datetime import datetime, timedelta, timezone
from typing import Any

import schemathesis
from hypothesis import strategies as st

EPOCH = os.environ["TAPEDECK_EPOCH"]
"""The epoch of the server that is asked: cursors of any other are refused."""

FIGURES = {"sum", "avg", "min", "max", "p50", "p90", "p99"}
"""Metrics that are of a field."""

_offsets = st.sampled_from([timezone.utc, timezone(timedelta(hours=5, minutes=30))])
_key_numbers = itertools.count()
_trades = itertools.cycle(["c1", "PAPER-20251118-0001", "c2", None])

RULE_NAMES = ["rejected", "feed.silent", "slow_fills", "made-up"]
"""Names of alert rules; run.sh makes the first."""

RULES: list[dict[str, Any]] = [
    {"when": 'type == "order_event"', "every": True, "resolve_after": "1m"},
    {
        "when": {"event_type": ["order_event"], "filter": 'payload.status == "rejected"'},
        "count": 5,
        "window": "1m",
        "severity": "critical",
        "group_by": ["symbol", "payload.product"],
        "cooldown": "10m",
        "message": "{{count}} rejected of {{group.symbol}}",
    },
    {
        "when": {"event_type": "candle_event"},
        "absence": "90s",
        "market_hours": True,
        "hours": "09:20-15:15",
        "enabled": False,
    },
    {
        "when": {},
        "threshold": "avg(payload.qty) >= 2.5",
        "window": "5m",
        "min_count": 3,
        "for": "10s",
        "while": {"event_type": "engine_health", "within": "30s"},
    },
]
"""Rules that are taken."""

_rule_names = itertools.cycle(RULE_NAMES)
_rules = itertools.cycle(RULES)

# Times are nanoseconds in 64 bits, which reach from 1678 to 2261; JSON Schema's date-time does not.
schemathesis.openapi.format(
    "date-time",
    st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1), timezones=_offsets).map(
        datetime.isoformat
    ),
)
schemathesis.openapi.format(
    "cel",
    st.sampled_from(
        [
            'type == "order_event"',
            "payload.qty * payload.price > 1e6",
            'payload.symbol.startsWith("N") || has(payload.reason)',
            '!(payload.side in ["BUY", "SELL"])',
            'payload.symbol.matches("^N.*Y$")',
        ]
    ),
)
schemathesis.openapi.format("event-cursor", st.integers(0, 10**18).map(lambda n: f"{EPOCH}-{n}"))
schemathesis.openapi.format("trade-cursor", st.integers(0, 10**18 - 1).map(lambda n: f"{n}~c-1"))
schemathesis.openapi.format("value-field", st.sampled_from(["price", "qty", "confidence"]))


@schemathesis.serializer("application/x-ndjson", "application/ndjson", "application/jsonl")
def ndjson(ctx: schemathesis.SerializationContext, value: Any) -> bytes:
    """Writes an array's items a line each; what is no array (a wrong request) as it is."""
    lines = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@schemathesis.deserializer("application/x-ndjson", "text/csv", "text/html")
def text(ctx: schemathesis.DeserializationContext, response: schemathesis.Response) -> str:
    """Reads answers that are texts as UTF-8, and NDJSON as JSON, whose errors are reported."""
    body = response.content.decode("utf-8")
    if "ndjson" in response.headers["content-type"][0]:
        for line in body.split("\n")[:-1]:
            json.loads(line)
    return body


def _bounded(query: dict[str, Any]) -> None:
    """Makes the range of an aggregate an hour, so that no interval has too many buckets."""
    if "until" in query:
        until = datetime.fromisoformat(query["until"].replace("Z", "+00:00"))
        query["since"] = (until - timedelta(hours=1)).isoformat()
    elif "since" in query:
        query["until"] = query["since"]


def _about_alerts(operation_id: str, case: schemathesis.Case) -> None:
    """Gives requests about alerts names and rules that are taken: that a threshold is an
    expression, that a group is one of the rule's and what goes with what is said in words."""
    if "rule" in (case.path_parameters or {}):
        case.path_parameters["rule"] = next(_rule_names)
    if operation_id in ("putAlertRule", "testAlertRule") and isinstance(case.body, dict):
        case.body = next(_rules)
    if operation_id == "testAlertRule" and not isinstance(case.body, dict):
        case.path_parameters["rule"] = RULE_NAMES[0]
    if operation_id in ("acknowledgeAlert", "silenceAlert") and isinstance(case.body, dict):
        case.body.pop("group", None)
        for name in ("by", "reason"):
            if name in case.body:
                case.body[name] = "asha"
        if "for" in case.body:
            case.body["for"] = "30m"


def _keep_rules(operation_id: str, case: schemathesis.Case) -> None:
    """Applies what the operation's description says about parameters that need each other."""
    query = case.query
    _about_alerts(operation_id, case)
    if operation_id == "getTrade" and (known := next(_trades)) is not None:
        case.path_parameters["id"] = known  # of seed.ndjson
    if operation_id == "publishEvents" and case.headers and "Idempotency-Key" in case.headers:
        # A key is for one body only.
        case.headers["Idempotency-Key"] = f"key-{next(_key_numbers)}"
    if not query:
        return
    if operation_id == "listEvents" and "cursor" in query:
        query["cursor"] = f"{EPOCH}-{query['cursor'].rpartition('-')[2]}"
    if operation_id == "aggregateEvents":
        _bounded(query)
        if query.get("metric") in FIGURES:
            query.setdefault("field", "price")
        else:
            query.pop("field", None)
    if operation_id == "latestEvents" and "at" in query:
        query.pop("until", None)
    if operation_id == "exportEvents" and "columns" in query:
        query["format"] = "csv"


@schemathesis.hook
def before_call(
    ctx: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]
) -> None:
    """Repairs valid requests just before they are sent, in every phase."""
    if case.meta is not None and case.meta.generation.mode.is_positive:
        _keep_rules(case.operation.definition.raw["operationId"], case)
