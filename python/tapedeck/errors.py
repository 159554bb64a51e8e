"""What can go wrong, as exceptions.

The message of each is a sentence a person can act on; where the server refused something it is the
server's own. Catch :class:`TapedeckError` for all of them. Credentials are never part of a message.
"""

from __future__ import annotations

from typing import Dict, Optional, Type

__all__ = [
    "BadRequest",
    "Forbidden",
    "GapWarning",
    "InvalidEvent",
    "NotFound",
    "ProtocolError",
    "ServerError",
    "TapedeckError",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
]


class TapedeckError(Exception):
    """Base of all errors of this package.

    ``status``: the HTTP status of the answer; None when there was no answer.
    ``code``: the server's word for the failure, such as ``invalid_filter``.
    ``field``: the parameter or JSON pointer the failure is about.
    ``retry_after``: seconds the server asked to wait before another attempt.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: Optional[int] = None,
        code: Optional[str] = None,
        field: Optional[str] = None,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field = field
        self.retry_after = retry_after


class BadRequest(TapedeckError, ValueError):
    """What was asked makes no sense to the server (4xx), or to this client before sending it."""


class InvalidEvent(BadRequest):
    """A published event breaks the rules of its type (422), or its idempotency key was used."""


class Unauthorized(TapedeckError):
    """No credentials, or not the right ones (401)."""


class Forbidden(TapedeckError):
    """The credentials do not allow this, or the host or origin may not call (403)."""


class NotFound(TapedeckError, LookupError):
    """There is no such trade or path (404)."""


class TooManyRequests(TapedeckError):
    """Over a rate limit (429); ``retry_after`` says for how long."""


class ServerError(TapedeckError):
    """The server failed (5xx other than those of :class:`Unavailable`)."""


class Unavailable(TapedeckError, ConnectionError):
    """The server cannot be reached, does not answer in time, went away, or is not ready
    (502, 503, 504). Trying again later may help."""


class ProtocolError(TapedeckError):
    """The answer is nothing a Tapedeck server says: another program, a redirect, broken data."""


class GapWarning(UserWarning):
    """A stream could not go on exactly where it was: events are missing. See ``on_gap``."""


_BY_STATUS: Dict[int, Type[TapedeckError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    408: Unavailable,
    422: InvalidEvent,
    429: TooManyRequests,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def error_type(status: int) -> Type[TapedeckError]:
    """The exception that stands for an HTTP status that is no success."""
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    if 400 <= status < 500:
        return BadRequest
    if status >= 500:
        return ServerError
    return ProtocolError
