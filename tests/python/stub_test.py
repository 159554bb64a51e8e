"""The types that mypy sees are those of the events."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import tapedeck

ROOT = Path(__file__).resolve().parents[2]


def test_the_helpers_signatures_are_those_of_the_schema():
    with tapedeck.serve(port=0) as server:
        with urllib.request.urlopen(server.url + "/api/telemetry/schema", timeout=10) as answer:
            schema = answer.read()
    made = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "generate-python-stub")],
        input=schema,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    assert made.decode() == (ROOT / "python" / "tapedeck" / "_native.pyi").read_text()
    for event_type in json.loads(schema)["schema"]["$defs"]:
        assert callable(getattr(tapedeck, f"publish_{event_type}"))
