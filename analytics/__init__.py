"""For programs run from the project's root (``PYTHONPATH=. python3 ...``): the same package as the
installed one. Where Tapedeck is not installed, the one that ``scripts/build`` made is used."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("tapedeck") is None:
    built = Path(__file__).resolve().parent.parent / "build" / "python"
    if not built.is_dir():
        raise ImportError("Tapedeck is not built: run scripts/build, or pip install ./python")
    sys.path.append(str(built))
