"""The real `amtool`: every command of it that speaks to a server, put to alertd."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.peer


@dataclass(frozen=True)
class Said:
    """What a run of amtool printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return [" ".join(line.split()) for line in self.out.splitlines()]


Amtool = Callable[..., Awaitable[Said]]


@pytest.fixture
def amtool(served: str, tmp_path: Path) -> Amtool:
    """Runs amtool against alertd; it must succeed without a warning unless `fails` says otherwise."""
    program = shutil.which("amtool")
    if program is None:
        pytest.skip("amtool is not installed")

    async def run(*arguments: str, fails: bool = False) -> Said:
        process = await asyncio.create_subprocess_exec(
            program,
            f"--alertmanager.url={served}",
            *arguments,
            env={"HOME": str(tmp_path), "TZ": "UTC"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        said = Said(process.returncode or 0, out.decode(), err.decode())
        assert (said.code != 0) is fails, said
        assert fails or not said.err, said
        return said

    return run


async def test_alerts(amtool: Amtool) -> None:
    """Alerts are added and found: by name, by matchers, by receiver, in each form of output."""
    await amtool(
        "alert", "add", "Slow", "service=shop", "--annotation=summary=it is slow", "--generator-url=http://p/g"
    )
    await amtool("alert", "add", "alertname=Dark", "night=yes", "--start=2026-01-31T12:00:00Z")
    simple = await amtool("alert", "query")
    assert simple.lines[0] == "Alertname Starts At Summary State"
    assert {line.split()[0] for line in simple.lines[1:]} == {"Slow", "Dark"}
    assert (await amtool("alert", "query", "Slow")).lines[1].endswith("it is slow active")
    assert len((await amtool("alert", "query", "alertname=~S.*", "service=shop")).lines) == 2
    assert len((await amtool("alert", "query", "service=nothing")).lines) == 1
    assert (await amtool("alert", "query", "--receiver=nobody")).lines[1].startswith("Dark 2026-01-31 12:00:00 UTC")
    extended = await amtool("-o", "extended", "alert", "query", "Slow")
    assert extended.lines[1].startswith('alertname="Slow" service="shop" summary="it is slow"')
    (found,) = (await amtool("-o", "json", "alert", "query", "Slow")).json
    assert (found["labels"], found["generatorURL"]) == ({"alertname": "Slow", "service": "shop"}, "http://p/g")
    await amtool("alert", "add", "Slow", "service=shop", "--start=2026-01-31T12:00:00Z", "--end=2026-01-31T13:00:00Z")
    assert len((await amtool("alert", "query", "Slow")).lines) == 1


async def test_alerts_that_are_refused(amtool: Amtool) -> None:
    """What alertd says against an alert is what amtool shows."""
    backwards = ("--start=2026-01-31T13:00:00Z", "--end=2026-01-31T12:00:00Z")
    assert "start time must be before end time" in (await amtool("alert", "add", "A", *backwards, fails=True)).err


async def test_states(amtool: Amtool) -> None:
    """Silenced and inhibited alerts are found by the flags for them, and only by those."""
    for labels in (["Free"], ["Held", "severity=warning"], ["Quiet"], ["ServiceDown"]):
        await amtool("alert", "add", *labels)
    await amtool("silence", "add", "Quiet", "--comment=c")
    expected = {"--silenced": {"Quiet"}, "--inhibited": {"Held"}, "--active": {"Free", "ServiceDown"}}
    for state, names in expected.items():
        lines = (await amtool("alert", "query", state)).lines[1:]
        assert {line.split()[0] for line in lines} == names, state


async def test_silences(amtool: Amtool) -> None:
    """A silence is made, found, prolonged, changed and ended."""
    add = ("silence", "add", "test1", "severity=~warn|page", "team!=a", "--comment=moving", "--author=ann")
    made = (await amtool(*add)).out.strip()
    query = await amtool("silence", "query")
    assert query.lines[0] == "ID Matchers Ends At Created By Comment"
    assert query.lines[1].startswith(f'{made} alertname="test1" severity=~"warn|page" team!="a"')
    assert query.lines[1].endswith("ann moving")
    assert (await amtool("silence", "query", "-q", "alertname=test1", "team!=a")).lines == [made]
    assert (await amtool("silence", "query", "-q", "alertname=other")).lines == []
    assert (await amtool("silence", "query", "-q", "--created-by=ann", "--within=2h")).lines == [made]
    await amtool("silence", "update", "--duration=3h", "--comment=longer", made)
    (changed,) = (await amtool("-o", "json", "silence", "query")).json
    assert (changed["id"], changed["comment"]) == (made, "longer")
    await amtool("silence", "expire", made)
    assert (await amtool("silence", "query", "-q")).lines == []
    assert (await amtool("silence", "query", "-q", "--expired")).lines == [made]


async def test_silences_that_are_refused(amtool: Amtool) -> None:
    """What alertd says against a silence is what amtool shows."""
    everything = await amtool("silence", "add", "a=~.*", "--comment=c", fails=True)
    assert "at least one matcher must not match the empty string" in everything.err
    unknown = await amtool("silence", "expire", "00000000-0000-4000-8000-000000000000", fails=True)
    assert "404" in unknown.err


async def test_import(amtool: Amtool, tmp_path: Path) -> None:
    """Silences that were exported are made again after they have ended, also with `--force`; bad ones are counted."""
    for name in ("a", "b"):
        await amtool("silence", "add", f"alertname={name}", "--comment=c")
    exported = (await amtool("-o", "json", "silence", "query")).json
    file = tmp_path / "silences.json"
    for force in ([], ["--force"]):
        await amtool("silence", "expire", *(await amtool("silence", "query", "-q")).lines)
        file.write_text(json.dumps(exported))
        await amtool("silence", "import", *force, str(file))
        assert len((await amtool("silence", "query", "-q")).lines) == 2
    exported[0]["matchers"] = []
    file.write_text(json.dumps(exported))
    assert "couldn't import 1 out of 2 silences" in (await amtool("silence", "import", str(file), fails=True)).err


async def test_import_of_unknown_ids(amtool: Amtool, tmp_path: Path) -> None:
    """A silence of another server, whose id is not known here, is made anew."""
    await amtool("silence", "add", "alertname=a", "--comment=c")
    exported = (await amtool("-o", "json", "silence", "query")).json
    exported[0]["id"] = "00000000-0000-4000-8000-000000000000"
    (tmp_path / "silences.json").write_text(json.dumps(exported))
    await amtool("silence", "import", str(tmp_path / "silences.json"))
    assert len((await amtool("silence", "query", "-q")).lines) == 2


async def test_cluster(amtool: Amtool, served: str) -> None:
    """The cluster is alertd itself."""
    shown = await amtool("cluster", "show")
    assert shown.lines[0] == "Cluster Status: ready"
    peers = await amtool("-o", "extended", "cluster", "show")
    assert served.removeprefix("http://") in peers.out


async def test_config(amtool: Amtool) -> None:
    """The configuration is shown without its secret, and amtool routes labels by it as alertd does."""
    shown = (await amtool("config", "show")).out
    assert "receiver: team" in shown
    assert "127.0.0.1:9/hook" not in shown
    routes = await amtool("config", "routes", "show")
    assert 'night="yes"' in routes.out
    tested = {"alertname=A": "team", "night=yes": "nobody", "both=yes": "team,nobody"}
    for labels, receivers in tested.items():
        said = await amtool("config", "routes", "test", f"--verify.receivers={receivers}", labels)
        assert said.lines[0] == receivers
    braces = await amtool("config", "routes", "test", "{foo=bar}", fails=True)
    assert "Failed to parse labels" in braces.err
