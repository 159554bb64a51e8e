"""The Python in the documents, as programs."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
from typing import List

import pytest
from conftest import ROOT, TapedeckServer

from tapedeck import Client

DOCUMENTS = ["docs/python.md", "python/README.md"]


def blocks(document: str) -> List[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.S)


PROGRAMS = [
    pytest.param(block, id=f"{document}-{number}")
    for document in DOCUMENTS
    for number, block in enumerate(blocks(document))
]


def start(block: str, server: TapedeckServer, folder: pathlib.Path) -> "subprocess.Popen[str]":
    """A block of a document against a server of the test's own."""
    source = block.replace("http://localhost:9000", server.url).replace("port=9000", "port=0")
    environment = {**os.environ, "XDG_STATE_HOME": str(folder)}
    if "connect(" not in block and "serve(" not in block:
        environment["TAPEDECK_URL"] = server.url
    return subprocess.Popen(
        [sys.executable, "-c", source],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("block", PROGRAMS)
def test_a_documents_python_runs(
    block: str, server: TapedeckServer, client: Client, tmp_path: pathlib.Path
) -> None:
    program = start(block, server, tmp_path)
    if ".stream(" in block:  # goes on for ever
        assert program.stdout is not None
        order = {"order_id": "A", "symbol": "X", "side": "BUY", "status": "new", "qty": 60}
        while not client.stats()["subscribers"]:
            assert program.poll() is None
        client.publish({"type": "order_event", "payload": order})
        assert "'qty': 60" in program.stdout.readline()
        program.kill()
        program.communicate()
        return
    out, problem = program.communicate(timeout=120)
    assert program.returncode == 0, problem
    assert "Traceback" not in problem
