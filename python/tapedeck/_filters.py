"""Filters as callers write them, in the form the native module and the server take."""

from __future__ import annotations

from typing import Dict, List, Sequence, Union

FilterValue = Union[None, str, Sequence[str]]


def filter_lists(**filters: FilterValue) -> Dict[str, List[str]]:
    """``{"symbol": "NIFTY", "event_type": ["a", "b"], "mode": None}`` as lists, without the Nones.

    :raises TypeError: for a value that is neither a str nor a sequence of them.
    """
    lists: Dict[str, List[str]] = {}
    for name, value in filters.items():
        if value is None:
            continue
        values = [value] if isinstance(value, str) else list(value)
        if not all(isinstance(each, str) for each in values):
            raise TypeError(f"{name} must be a str or a list of them, not {value!r}")
        lists[name] = values
    return lists
