"""Arguments that desks and engines take in more than one form."""

from __future__ import annotations

import os
from typing import Any, Optional, Union

PathLike = Union[str, "os.PathLike[str]"]
UNSET: Any = object()
"""Left out, where None means something."""


def as_list(what: str, values: Any) -> Any:
    """A list of what was given; None and UNSET stay.

    :raises TypeError: for text, which is a list of letters only by accident.
    """
    if values is None or values is UNSET:
        return values
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{what} must be a list, not {values!r}")
    return list(values)


def as_path(path: Optional[PathLike]) -> Optional[str]:
    """A path as text; None stays."""
    return None if path is None else os.fspath(path)
