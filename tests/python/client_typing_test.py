"""The package keeps what its types promise, and they are precise enough to catch mistakes."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
from typing import Set, Tuple

import pytest

pytest.importorskip("mypy")

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parents[1] / "python"


def complaints(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir=/dev/null", *arguments],
        cwd=PACKAGE,
        env={"MYPYPATH": str(PACKAGE), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def test_the_client_is_strictly_typed() -> None:
    out = complaints("-p", "tapedeck")
    ours = [line for line in out.splitlines() if ": error:" in line]
    assert ours == []


def test_a_users_program_gets_the_types_and_the_errors_it_should() -> None:
    program = HERE / "typing_client.py"
    expected: Set[Tuple[int, str]] = set()
    for number, line in enumerate(program.read_text().splitlines(), 1):
        match = re.search(r"# error: ([a-z-]+)$", line)
        if match:
            expected.add((number, match.group(1)))
    found = {
        (int(match.group(1)), match.group(2))
        for match in re.finditer(
            r"typing_client\.py:(\d+): error: .*\[([a-z-]+)\]$", complaints(str(program)), re.M
        )
    }
    assert found == expected
    assert len(expected) >= 10
