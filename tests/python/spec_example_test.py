"""The Python examples of the user's document, as written there, each as a program of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((Path(__file__).parent / "spec").glob("*.py"))
DOCUMENT = ROOT.parent / "shared" / "spec" / "telemetry-layer.md"


def run(arguments):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f".{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_as_written(example):
    done = run([example])
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_the_usage_example_prints_what_it_published():
    assert run([ROOT / "tests/python/spec/usage.py"]).stdout == (
        "Total events: 2\nEvent types: ['order_event', 'signal_event']\n"
    )


@pytest.mark.parametrize("program", ["test_telemetry_bus.py", "test_telemetry_integration.py"])
def test_the_documents_test_commands_pass(program):
    done = run([f"tests/{program}"])
    assert done.returncode == 0, done.stderr
    assert "OK" in done.stderr


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the user's document is not beside the project")
def test_the_examples_are_the_documents():
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.S)
    assert sorted(blocks) == sorted(example.read_text() for example in EXAMPLES)
