from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from alertd.http import ClientSettings, HttpClients
from alertd.promql import Expr, parse
from alertd.sources.base import Answer, Failure, SourceError
from alertd.sources.prometheus import PrometheusSource

VECTOR = {
    "status": "success",
    "data": {
        "resultType": "vector",
        "result": [
            {"metric": {"__name__": "up", "job": "a"}, "value": [1795206702.365, "1"]},
            {"metric": {"__name__": "up", "job": "b"}, "value": [1795206702.365, "NaN"]},
            {"metric": {"__name__": "up", "job": "c"}, "value": [1795206702.365, "-Inf"]},
        ],
    },
}


class Server:
    """A loopback server that answers each request from a list: a status and a body, or None to hang up."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes] | None] = []
        self.requests: list[tuple[str, dict[str, str], dict[str, list[str]]]] = []
        self.busy = 0
        self.busiest = 0
        self.release: asyncio.Event | None = None
        self.two_wait = asyncio.Event()
        self.url = ""

    def answer(self, document: Any, status: int = 200) -> None:
        self.answers.append((status, json.dumps(document).encode()))

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((head[0], headers, parse_qs(body.decode())))
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        if self.release is not None:
            if self.busy == 2:
                self.two_wait.set()
            await self.release.wait()
        answer = self.answers.pop(0)
        self.busy -= 1
        if answer is not None:
            status, content = answer
            writer.write(f"HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {len(content)}\r\n\r\n".encode())
            writer.write(content)
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    fake = Server()
    async with await asyncio.start_server(fake.handle, "127.0.0.1", 0) as listening:
        fake.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield fake


@pytest.fixture
async def clients() -> AsyncIterator[HttpClients]:
    pools = HttpClients()
    yield pools
    await pools.aclose()


def source(clients: HttpClients, url: str, settings: ClientSettings | None = None, **more: int) -> PrometheusSource:
    return PrometheusSource(clients.client(settings), url, **{"retry_delay": 0, **more})


def ask(source: PrometheusSource, text: str = "up", at: int = 1_795_206_702_365) -> Any:
    expr: Expr = parse(text)
    return source.query(expr, at)


async def test_a_vector_is_answered(server: Server, clients: HttpClients) -> None:
    """The query goes out as a form with its instant and time-out; series and values come back, NaN included."""
    server.answer(VECTOR)
    answer = await ask(source(clients, server.url + "/prefix/", time_limit=2500), 'up{job=~"a|b"}')
    assert [labels["job"] for labels, _ in answer.samples] == ["a", "b", "c"]
    assert answer.samples[0] == ({"__name__": "up", "job": "a"}, 1.0)
    assert str(answer.samples[1][1]) == "nan"
    assert answer.samples[2][1] == float("-inf")
    line, _, form = server.requests[0]
    assert line == "POST /prefix/api/v1/query HTTP/1.1"
    assert form == {"query": ['up{job=~"a|b"}'], "time": ["1795206702.365"], "timeout": ["2500ms"]}


@pytest.mark.parametrize(
    ("settings", "authorization"),
    [
        (ClientSettings(basic_username="u", basic_password="p"), "Basic dTpw"),
        (ClientSettings(credentials="secret"), "Bearer secret"),
    ],
)
async def test_credentials_are_sent(
    server: Server, clients: HttpClients, settings: ClientSettings, authorization: str
) -> None:
    """Both ways to authenticate reach the server."""
    server.answer(VECTOR)
    await ask(source(clients, server.url, settings))
    assert server.requests[0][1]["authorization"] == authorization


async def test_a_scalar_is_one_sample_without_labels(server: Server, clients: HttpClients) -> None:
    """Prometheus' ruler treats a scalar so."""
    server.answer({"status": "success", "data": {"resultType": "scalar", "result": [1795206702, "3.5"]}})
    assert await ask(source(clients, server.url)) == Answer([({}, 3.5)])


async def test_warnings_are_kept(server: Server, clients: HttpClients) -> None:
    """Warnings of the server and of what was left out come with the answer."""
    histogram = {"metric": {}, "histogram": [1, {"count": "1", "sum": "1"}]}
    data = {"resultType": "vector", "result": [histogram]}
    server.answer({"status": "success", "data": data, "warnings": ["partial response"]})
    answer = await ask(source(clients, server.url))
    assert answer.samples == []
    assert answer.warnings == ("partial response", "1 native histograms were left out of the result")


@pytest.mark.parametrize(
    ("status", "document", "failure", "text"),
    [
        (
            400,
            {"status": "error", "errorType": "bad_data", "error": "1:3: parse error: x"},
            Failure.BAD_EXPRESSION,
            "1:3: parse error: x",
        ),
        (
            422,
            {"status": "error", "errorType": "execution", "error": "many-to-many matching not allowed"},
            Failure.BAD_EXPRESSION,
            "many-to-many matching not allowed",
        ),
        (
            503,
            {"status": "error", "errorType": "timeout", "error": "query timed out"},
            Failure.TIMEOUT,
            "timeout: query timed out",
        ),
        (500, {"status": "error", "errorType": "internal", "error": "oh"}, Failure.SERVER, "internal: oh"),
        (
            200,
            {"status": "success", "data": {"resultType": "matrix", "result": []}},
            Failure.BAD_EXPRESSION,
            "rule result is not a vector or scalar",
        ),
        (
            200,
            {"status": "success", "data": {"resultType": "string", "result": [1, "x"]}},
            Failure.BAD_EXPRESSION,
            "rule result is not a vector or scalar",
        ),
    ],
)
async def test_an_error_of_the_server(
    server: Server, clients: HttpClients, status: int, document: Any, failure: Failure, text: str
) -> None:
    """The server's own words are kept, and each kind of failure is told apart; none is tried again."""
    server.answer(document, status)
    with pytest.raises(SourceError) as caught:
        await ask(source(clients, server.url))
    assert (caught.value.failure, str(caught.value)) == (failure, text)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (502, b"<html>Bad Gateway</html>\nmore", "answered 502 with no Prometheus answer: <html>Bad Gateway</html>"),
        (401, b"", "answered 401 with no Prometheus answer: nothing"),
        (
            200,
            b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}',
            "answered what cannot be read: could not convert string to float: 'x'",
        ),
    ],
)
async def test_an_answer_that_is_none(
    server: Server, clients: HttpClients, status: int, body: bytes, text: str
) -> None:
    """A proxy's page or a broken answer is the server's failure, quoted briefly."""
    server.answers.append((status, body))
    with pytest.raises(SourceError) as caught:
        await ask(source(clients, server.url))
    assert caught.value.failure is Failure.SERVER
    assert str(caught.value) == f"{server.url} {text}"


async def test_a_lost_connection_is_tried_again(server: Server, clients: HttpClients) -> None:
    """Two hang-ups and an answer are an answer."""
    server.answers += [None, None]
    server.answer(VECTOR)
    assert len((await ask(source(clients, server.url, retries=2))).samples) == 3
    assert len(server.requests) == 3


async def test_retries_end(server: Server, clients: HttpClients) -> None:
    """After the last try the source is unreachable."""
    server.answers += [None, None]
    with pytest.raises(SourceError) as caught:
        await ask(source(clients, server.url, retries=1))
    assert caught.value.failure is Failure.UNREACHABLE
    assert len(server.requests) == 2


async def test_nobody_listens(clients: HttpClients) -> None:
    """A refused connection names the server."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(SourceError) as caught:
        await ask(source(clients, f"http://127.0.0.1:{port}", retries=1))
    assert caught.value.failure is Failure.UNREACHABLE
    assert f"http://127.0.0.1:{port}" in str(caught.value)


async def test_a_time_out_is_not_tried_again(server: Server, clients: HttpClients) -> None:
    """A query that took too long once would do so again."""
    server.release = asyncio.Event()
    server.answers += [None, None, None]
    with pytest.raises(SourceError) as caught:
        await ask(source(clients, server.url, time_limit=50))
    server.release.set()
    assert caught.value.failure is Failure.TIMEOUT
    assert len(server.requests) == 1


async def test_queries_wait_for_their_turn(server: Server, clients: HttpClients) -> None:
    """No more than `concurrency` queries are with the server at a time."""
    server.release = asyncio.Event()
    for _ in range(6):
        server.answer(VECTOR)
    asked = source(clients, server.url, concurrency=2)
    queries = [asyncio.ensure_future(ask(asked)) for _ in range(6)]
    await server.two_wait.wait()
    server.release.set()
    await asyncio.gather(*queries)
    assert server.busiest == 2


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Prometheus that scrapes itself."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    folder: Path = tmp_path_factory.mktemp("prometheus")
    scrape = {"job_name": "self", "scrape_interval": "100ms", "scrape_timeout": "100ms"}
    config = {"scrape_configs": [{**scrape, "static_configs": [{"targets": [address]}]}]}
    (folder / "prometheus.yml").write_text(json.dumps(config))
    process = subprocess.Popen(
        [
            program,
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={address}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=20)


async def until(ready: Callable[[], Any]) -> Any:
    """Ask until something true is answered; the server's own start is all that is waited for."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if (answer := await ready()).samples:
                return answer
        except SourceError:
            pass
        await asyncio.sleep(0.05)
    raise AssertionError("prometheus did not answer in time")


@pytest.mark.peer
async def test_a_real_prometheus(prometheus: str, clients: HttpClients) -> None:
    """What a real server answers is understood: vectors, scalars and both kinds of bad expressions."""
    asked = source(clients, prometheus)

    def now() -> int:
        return time.time_ns() // 1_000_000

    answer = await until(lambda: ask(asked, "up == 1", now()))
    assert answer.samples[0][0]["job"] == "self"
    assert answer.samples[0][1] == 1.0
    assert (await ask(asked, "vector(1) / 0", now())).samples == [({}, float("inf"))]
    assert (await ask(asked, "scalar(vector(0.1))", now())).samples == [({}, 0.1)]
    for text in ("up + on (x) group_left () {job='self'}", "up[5m]"):
        with pytest.raises(SourceError) as caught:
            await ask(asked, text, now())
        assert caught.value.failure is Failure.BAD_EXPRESSION
