"""Who publishes: the ``source`` of this process's events."""

from __future__ import annotations

from typing import Optional

from . import _native

__all__ = ["set_source"]


def set_source(
    *,
    host: Optional[str] = None,
    engine_id: Optional[str] = None,
    run_id: Optional[str] = None,
    account: Optional[str] = None,
    mode: Optional[str] = None,
) -> None:
    """Says who publishes, from the next event on. None leaves what was said before, "" takes it
    back.

    :param host: the machine.
    :param engine_id: unique per running engine, such as ``equity-1``.
    :param run_id: one run of it.
    :param account: an alias, never a credential.
    :param mode: ``paper``, ``live`` or ``replay``.
    """
    given = {
        "host": host,
        "engine_id": engine_id,
        "run_id": run_id,
        "account": account,
        "mode": mode,
    }
    _native.set_source({name: value for name, value in given.items() if value is not None})
