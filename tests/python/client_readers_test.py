"""The SSE readers people use already work against the server: they connect, get events, resume."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Coroutine, Dict, List

import pytest
from conftest import DEADLINE_SECONDS, TapedeckServer, event

from tapedeck import Client

COUNT = 50


def run(reading: Coroutine[Any, Any, List[str]]) -> List[str]:
    async def in_time() -> List[str]:
        return await asyncio.wait_for(reading, DEADLINE_SECONDS)

    return asyncio.run(in_time())


def published(server: TapedeckServer) -> List[str]:
    """The ids of COUNT events the server has."""
    with Client(server.url) as client:
        client.publish([event(n) for n in range(COUNT)], ack="durable")
        return [each["id"] for each in client.events()]


def test_httpx_sse_connects_and_resumes(server: TapedeckServer) -> None:
    httpx = pytest.importorskip("httpx")
    httpx_sse = pytest.importorskip("httpx_sse")
    ids = published(server)

    def read(first: int, headers: Dict[str, str], **query: str) -> None:
        names = set()
        seen: List[str] = []
        with httpx.Client() as client:
            address = f"{server.url}/api/telemetry/stream"
            with httpx_sse.connect_sse(
                client, "GET", address, params=query, headers=headers
            ) as source:
                source.response.raise_for_status()
                for message in source.iter_sse():
                    names.add(message.event)
                    if message.event == "message":
                        assert message.json()["payload"]["n"] == first + len(seen)
                        seen.append(message.id)
                    if len(seen) == COUNT - first:
                        break
        assert seen == ids[first:]
        assert names == {"connection", "message"}

    read(0, {}, since="2020-01-01T00:00:00Z")
    read(20, {"Last-Event-ID": ids[19]})


def test_httpx_sse_reads_asynchronously(server: TapedeckServer) -> None:
    httpx = pytest.importorskip("httpx")
    httpx_sse = pytest.importorskip("httpx_sse")
    ids = published(server)

    async def read() -> List[str]:
        seen: List[str] = []
        async with httpx.AsyncClient() as client:
            address = f"{server.url}/api/telemetry/stream?replay={COUNT}"
            async with httpx_sse.aconnect_sse(client, "GET", address) as source:
                async for message in source.aiter_sse():
                    if message.event == "message":
                        seen.append(message.id)
                    if len(seen) == COUNT:
                        return seen
        return seen

    assert run(read()) == ids


def test_aiohttp_read_line_by_line_connects_and_resumes(server: TapedeckServer) -> None:
    aiohttp = pytest.importorskip("aiohttp")
    ids = published(server)

    async def read(headers: Dict[str, str], count: int, query: str = "") -> List[str]:
        headers = {"Accept": "text/event-stream", **headers}
        seen: List[str] = []
        message: Dict[str, str] = {}
        async with aiohttp.ClientSession() as session:
            address = f"{server.url}/api/telemetry/stream{query}"
            async with session.get(address, headers=headers) as response:
                assert response.content_type == "text/event-stream"
                async for line in response.content:
                    name, _, value = line.decode().rstrip("\n").partition(": ")
                    if name:
                        message[name] = value
                        continue
                    if "event" not in message and "data" in message:
                        fields: Dict[str, Any] = json.loads(message["data"])
                        assert fields["id"] == message["id"]
                        seen.append(message["id"])
                    message = {}
                    if len(seen) == count:
                        return seen
        return seen

    assert run(read({}, COUNT, f"?replay={COUNT}")) == ids
    assert run(read({"Last-Event-ID": ids[9]}, COUNT - 10)) == ids[10:]


def test_aiohttp_sse_client2_connects_and_resumes(server: TapedeckServer) -> None:
    client = pytest.importorskip("aiohttp_sse_client2.client")
    ids = published(server)

    async def read(count: int, query: str, headers: Dict[str, str]) -> List[str]:
        seen: List[str] = []
        address = f"{server.url}/api/telemetry/stream{query}"
        async with client.EventSource(address, headers=headers) as source:
            async for message in source:
                if message.type is None:
                    assert json.loads(message.data)["id"] == message.last_event_id
                    seen.append(message.last_event_id)
                if len(seen) == count:
                    break
        return seen

    assert run(read(COUNT, f"?replay={COUNT}", {})) == ids
    assert run(read(COUNT - 10, "", {"Last-Event-ID": ids[9]})) == ids[10:]


def test_a_reader_that_knows_lines_only_gets_json_in_each(server: TapedeckServer) -> None:
    """What `requests` users do: no Accept header, so the plain dialect answers."""
    import http.client

    published(server)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", f"/api/telemetry/stream?replay={COUNT}")
    seen: List[int] = []
    for line in connection.getresponse():
        text = line.decode().strip()
        if not text:
            continue
        assert text.startswith("data: ")
        each = json.loads(text[6:])
        if "payload" in each:
            seen.append(each["payload"]["n"])
        if len(seen) == COUNT:
            break
    connection.close()
    assert seen == list(range(COUNT))
