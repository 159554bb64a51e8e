"""What a client reads in whole answers: events, figures, trades, exports."""

from __future__ import annotations

import os
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    Iterator,
    List,
    Literal,
    Mapping,
    Optional,
    Union,
    cast,
    overload,
)

from ._endpoint import API
from ._export import Download, Export, event_of_line, save, text_of_line
from ._http import Requests
from ._params import (
    EVENT_FILTERS,
    TRADE_FILTERS,
    Moment,
    Query,
    add_filters,
    add_moment,
    add_values,
    path_part,
    whole,
)
from .errors import TapedeckError
from .types import (
    Aggregates,
    Alerts,
    Event,
    EventPage,
    Filters,
    Health,
    Stats,
    TradeChain,
    TradeFilters,
    TradePage,
    Values,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

#: Events or trades an answer holds at most, by the server's rule.
MAX_PAGE = 1000
MAX_ALERTS = 10_000


def event_range(
    event_type: Optional[Values],
    since: Optional[Moment],
    until: Optional[Moment],
    filters: Mapping[str, object],
) -> Query:
    """Which events a request is about."""
    query: Query = []
    add_values(query, "event_type", event_type)
    add_filters(query, filters, EVENT_FILTERS)
    add_moment(query, "since", since)
    add_moment(query, "until", until)
    return query


class Reads:
    """The reading half of `Client`. Thread-safe."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def _get(self, path: str, query: Optional[Query] = None) -> Dict[str, Any]:
        return self._requests.request("GET", path, query).json()

    def events(
        self,
        event_type: Optional[Values] = None,
        *,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        limit: int = 100,
        cursor: Optional[str] = None,
        in_: Optional[Literal["buffer", "store"]] = None,
        **filters: Unpack[Filters],
    ) -> EventPage:
        """The newest events that match, newest last: up to ``limit`` (at most 1000).

        ``.next`` of the answer, as ``cursor``, gives older ones. ``in_="buffer"`` looks at nothing
        else, ``"store"`` at all there is, also before a `DELETE`.
        """
        query = event_range(event_type, since, until, filters)
        query.append(("limit", str(whole("limit", limit, 1, MAX_PAGE))))
        if cursor is not None:
            query.append(("cursor", cursor))
        if in_ is not None:
            query.append(("in", in_))
        return _event_page(self._get(f"{API}/events", query))

    def iter_events(
        self,
        event_type: Optional[Values] = None,
        *,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        limit: Optional[int] = None,
        in_: Optional[Literal["buffer", "store"]] = None,
        **filters: Unpack[Filters],
    ) -> Iterator[Event]:
        """Events that match from the newest to the oldest, page by page as they are asked for;
        ``limit`` of them, or all."""
        left = None if limit is None else whole("limit", limit, 0, 1 << 62)
        cursor: Optional[str] = None
        while left is None or left > 0:
            size = MAX_PAGE if left is None else min(left, MAX_PAGE)
            page = self.events(
                event_type, since=since, until=until, limit=size, cursor=cursor, in_=in_, **filters
            )
            yield from reversed(page)
            if left is not None:
                left -= len(page)
            if page.next is None:
                return
            cursor = page.next

    def latest(
        self,
        event_type: Optional[Values] = None,
        *,
        by: Optional[Values] = None,
        at: Optional[Moment] = None,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        **filters: Unpack[Filters],
    ) -> EventPage:
        """The newest event of each combination of ``by`` (default: type, symbol, strategy, engine),
        newest last; with ``at`` as it was then. ``.truncated``: there were more than 10 000."""
        query = event_range(event_type, since, until, filters)
        add_values(query, "by", by)
        add_moment(query, "at", at)
        return _event_page(self._get(f"{API}/latest", query))

    def stats(self) -> Stats:
        """How the server is, in figures."""
        return cast(Stats, self._get(f"{API}/stats"))

    def alerts(
        self,
        *,
        state: Optional[Values] = None,
        severity: Optional[Values] = None,
        rule: Optional[Values] = None,
        limit: Optional[int] = None,
    ) -> Alerts:
        """Alert rules, what fires and what lately did, how targets do. ``state`` (pending, firing,
        resolved) selects alerts, ``severity`` (info, warning, critical) and ``rule`` alerts and
        rules; ``limit`` is of alerts, 1000 unless given."""
        query: Query = []
        add_values(query, "state", state)
        add_values(query, "severity", severity)
        add_values(query, "rule", rule)
        if limit is not None:
            query.append(("limit", str(whole("limit", limit, 1, MAX_ALERTS))))
        return cast(Alerts, self._get(f"{API}/alerts", query))

    def aggregates(
        self,
        metric: str = "count",
        *,
        field: Optional[str] = None,
        group_by: Optional[Values] = None,
        interval: Optional[str] = None,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        event_type: Optional[Values] = None,
        **filters: Unpack[Filters],
    ) -> Aggregates:
        """Figures by time. ``metric``: count, rate; sum, avg, min, max, p50, p90, p99 of ``field``,
        such as ``price``. ``interval``: 1s, 1m (default), 5m, 1h, 1d. The last hour unless
        ``since`` and ``until`` (times) say otherwise."""
        query = event_range(event_type, since, until, filters)
        query.append(("metric", metric))
        add_values(query, "field", field)
        add_values(query, "group_by", group_by)
        add_values(query, "interval", interval)
        return cast(Aggregates, self._get(f"{API}/aggregates", query))

    def trades(
        self,
        *,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        limit: int = 100,
        cursor: Optional[str] = None,
        **filters: Unpack[TradeFilters],
    ) -> TradePage:
        """Decisions and what became of them, the newest decision first. ``since`` and ``until`` are
        times of the decision. ``.next`` of the answer, as ``cursor``, gives older ones."""
        query: Query = []
        add_filters(query, filters, TRADE_FILTERS)
        add_moment(query, "since", since)
        add_moment(query, "until", until)
        query.append(("limit", str(whole("limit", limit, 1, MAX_PAGE))))
        if cursor is not None:
            query.append(("cursor", cursor))
        answer = self._get(f"{API}/trades", query)
        page = TradePage(answer["trades"])
        page.next = answer.get("next")
        return page

    def trade(self, id: str) -> TradeChain:
        """One trade, by its correlation_id or an order_id of it, with its events. NotFound."""
        answer = self._get(f"{API}/trades/{path_part(id)}")
        return {"trade": answer["trade"], "events": answer["events"]}

    @overload
    def export(
        self,
        event_type: Optional[Values] = None,
        *,
        path: Union[str, os.PathLike[str]],
        format: Literal["ndjson", "csv"] = "ndjson",
        columns: Optional[Values] = None,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        **filters: Unpack[Filters],
    ) -> int: ...

    @overload
    def export(
        self,
        event_type: Optional[Values] = None,
        *,
        path: None = None,
        format: Literal["ndjson"] = "ndjson",
        columns: None = None,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        **filters: Unpack[Filters],
    ) -> Export[Event]: ...

    @overload
    def export(
        self,
        event_type: Optional[Values] = None,
        *,
        path: None = None,
        format: Literal["csv"],
        columns: Optional[Values] = None,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        **filters: Unpack[Filters],
    ) -> Export[str]: ...

    def export(
        self,
        event_type: Optional[Values] = None,
        *,
        path: Union[str, os.PathLike[str], None] = None,
        format: Literal["ndjson", "csv"] = "ndjson",
        columns: Optional[Values] = None,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        **filters: Unpack[Filters],
    ) -> Union[int, Export[Event], Export[str]]:
        """Everything that matches, oldest first, any number of events in constant memory.

        An iterator of event dicts, or with ``format="csv"`` of text lines (``csv.reader`` takes
        it); ``columns`` chooses those of the table. With ``path`` it is written to that file
        instead, which appears when it is whole, and its size in bytes is returned.
        """
        query = event_range(event_type, since, until, filters)
        query.append(("format", format))
        add_values(query, "columns", columns)
        download = Download(self._requests, f"{API}/export", query)
        if path is not None:
            return save(download, os.fspath(path))
        if format == "csv":
            return Export(download, text_of_line)
        return Export(download, event_of_line)

    def schema(self) -> Dict[str, Any]:
        """JSON Schema of every known event type."""
        return cast(Dict[str, Any], self._get(f"{API}/schema")["schema"])

    def health(self) -> Health:
        """Whether the server is ready, and which it is. Unavailable when it cannot be reached."""
        version = self._get("/version")
        problem: Optional[str] = None
        try:
            self._get("/readyz")
        except TapedeckError as error:
            if error.status != 503:
                raise
            problem = str(error)
        return {
            "ready": problem is None,
            "problem": problem,
            "name": version["name"],
            "version": version["version"],
        }


def _event_page(answer: Dict[str, Any]) -> EventPage:
    page = EventPage(cast(List[Event], answer["events"]))
    page.next = answer.get("next")
    page.truncated = bool(answer.get("truncated", False))
    return page
