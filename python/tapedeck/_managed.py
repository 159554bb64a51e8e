"""What the package's context managers have in common."""

from __future__ import annotations

from types import TracebackType
from typing import Optional, Type, TypeVar

M = TypeVar("M", bound="Managed")


class Managed:
    """``with`` the object: it is closed or stopped at the block's end, whatever happens in it."""

    def _leave(self) -> object:
        raise NotImplementedError

    def __enter__(self: M) -> M:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._leave()
