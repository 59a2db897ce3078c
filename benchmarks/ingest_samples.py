"""Samples that come in: remote write and the text format beside Prometheus, and the text's reader beside the client
library's."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import cramjam
from aiohttp import web

from alertd.sources.exposition.families import all_samples
from alertd.sources.exposition.text import read_text
from alertd.sources.remotewrite.version1 import write_request
from alertd.sources.series import Identity, SeriesSamples
from benchmarks.sides import OWN, Running, running

PROMETHEUS = "Prometheus"
CLIENT = "prometheus_client"

_SERIES = 10_000
_A_REQUEST = 2_000
_INSTANTS = 10
_INTERVAL = 15_000
_SHARDS = 4
_PUSHED_METRICS = 10
_PUSHES = 10
_CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}


async def remote_write(side: str, scale: float) -> Mapping[str, float]:
    """Samples taken a second of wall and of processor time: 10 000 series at ten instants, in four shards."""
    series = int(_SERIES * scale)
    requests = requests_of(series)
    async with receiver(side) as process, aiohttp.ClientSession(headers=HEADERS) as session:
        url = f"http://{process.address}/api/v1/write"
        used, began = process.processor_time, time.perf_counter()
        await asyncio.gather(*(send(session, url, shard) for shard in requests))
        seconds, used = time.perf_counter() - began, process.processor_time - used
    samples = series * _INSTANTS
    return {"a second": samples / seconds, "a second of processor": samples / max(used, 0.01)}


async def send(session: aiohttp.ClientSession, url: str, shard: Sequence[bytes]) -> None:
    for body in shard:
        async with session.post(url, data=body) as answer:
            if answer.status != 204:
                raise RuntimeError(f"a write was refused: {answer.status} {await answer.text()}")


def requests_of(series: int) -> list[list[bytes]]:
    """The bodies of each shard, in the order of their instants; a series is in one shard only."""
    identities = [_identity(number) for number in range(series)]
    last = time.time_ns() // 1_000_000
    instants = range(last - (_INSTANTS - 1) * _INTERVAL, last + 1, _INTERVAL)
    shards = [identities[shard::_SHARDS] for shard in range(_SHARDS)]
    return [
        [_body(shard[start : start + _A_REQUEST], at) for at in instants for start in range(0, len(shard), _A_REQUEST)]
        for shard in shards
    ]


def _identity(number: int) -> Identity:
    labels = {
        "__name__": "node_cpu_seconds_total",
        "cluster": "production-1",
        "cpu": str(number % 16),
        "instance": f"10.0.{number // 4000}.{number // 16 % 250}:9100",
        "job": "node",
        "mode": ("idle", "user", "system", "iowait")[number // 16 % 4],
        "namespace": "monitoring",
        "pod": f"node-exporter-{number // 16}",
    }
    return Identity(tuple(labels.items()))


def _body(identities: Sequence[Identity], at: int) -> bytes:
    series = (SeriesSamples(identity, [(at, at / 1000 + place)]) for place, identity in enumerate(identities))
    return bytes(cramjam.snappy.compress_raw(write_request(series)))


@asynccontextmanager
async def receiver(side: str, config: str = "") -> AsyncIterator[Running]:
    """alertd, or a Prometheus with a configuration, empty and ready."""
    if side == OWN:
        async with running(OWN, _CONFIG) as process:
            yield process
        return
    program = shutil.which("prometheus")
    if program is None:
        sys.exit("there is no prometheus on the PATH to measure beside")
    with socket.socket() as probe, tempfile.TemporaryDirectory() as folder:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        probe.close()
        path = Path(folder) / "prometheus.yml"
        path.write_text(config)
        started = await asyncio.create_subprocess_exec(
            program,
            f"--config.file={path}",
            "--web.enable-remote-write-receiver",
            f"--storage.tsdb.path={folder}",
            f"--web.listen-address={address}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await _until_ready(f"http://{address}/-/ready")
            yield Running(side, address, started)
        finally:
            started.kill()
            await started.wait()


async def _until_ready(url: str) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


async def pushed_text(side: str, scale: float) -> Mapping[str, float]:
    """Samples of the text format taken a second, 10 000 at once: pushed to alertd, scraped by Prometheus.

    The best of some: Prometheus says itself how long a scrape took, of alertd it is the request until its answer.
    """
    body = "".join(_lines(max(1, int(1000 * scale)), metrics=_PUSHED_METRICS)).encode()
    seconds = await (_pushed(body) if side == OWN else _scraped(body))
    return {"a second": body.count(b"\nmetric_") / seconds}


async def _pushed(body: bytes) -> float:
    took = []
    async with receiver(OWN) as process, aiohttp.ClientSession() as session:
        for _ in range(_PUSHES):
            began = time.perf_counter()
            async with session.put(f"http://{process.address}/metrics/job/bench", data=body) as answer:
                if answer.status != 200:
                    raise RuntimeError(f"a push was refused: {answer.status} {await answer.text()}")
            took.append(time.perf_counter() - began)
    return min(took)


async def _scraped(body: bytes) -> float:
    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    config = (
        "global: {scrape_interval: 1s}\n"
        f"scrape_configs: [{{job_name: bench, static_configs: [{{targets: ['{host}:{port}']}}]}}]\n"
    )
    try:
        async with receiver(PROMETHEUS, config) as process, aiohttp.ClientSession() as session:
            await asyncio.sleep(_PUSHES)
            asked = {"query": f"min_over_time(scrape_duration_seconds[{_PUSHES}s])"}
            async with session.post(f"http://{process.address}/api/v1/query", data=asked) as answer:
                found = await answer.json()
    finally:
        await runner.cleanup()
    return float(found["data"]["result"][0]["value"][1])


async def text(side: str, scale: float) -> Mapping[str, float]:
    """Samples read a second: an exposition of 40 metrics with 1 000 series each."""
    body = "".join(_lines(max(1, int(1000 * scale)))).encode()
    began = time.process_time()
    samples = _read_own(body) if side == OWN else _read_theirs(body)
    return {"a second of processor": samples / (time.process_time() - began)}


def _lines(series: int, metrics: int = 40) -> Iterator[str]:
    for metric in range(metrics):
        yield f"# HELP metric_{metric} What it counts.\n# TYPE metric_{metric} counter\n"
        for number in range(series):
            labels = f'instance="10.0.{number // 250}.{number % 250}:9100",job="node",cpu="{number % 16}"'
            yield f"metric_{metric}{{{labels}}} {number * 1.5}\n"


def _read_own(body: bytes) -> int:
    return sum(1 for _ in all_samples(read_text(body, most=1_000_000)))


def _read_theirs(body: bytes) -> int:
    from prometheus_client.parser import text_string_to_metric_families

    return sum(len(family.samples) for family in text_string_to_metric_families(body.decode()))
