"""Every command of `amtool`, put to a real Alertmanager and to alertd in its place: it prints the same."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alertd.notify.data import build_data
from alertd.notify.templates import Renderer
from tests.notify.messages import make_alert, make_message
from tests.peers.alertmanager import ALERTD, real, running
from tests.peers.prometheus import free_address

pytestmark = pytest.mark.peer

OWN_TEXT = '{{ .Status | toUpper }} {{ template "own.text" . }}'
OWN_TEMPLATE = """
{{ define "own.text" }}{{ range .Alerts.Firing }}{{ .Labels.alertname }}: {{ .Labels.Values | join "," }};{{ end }}
{{- len .Alerts }} of {{ .GroupLabels.alertname }}{{ end }}
"""
_LABELS = {"alertname": "<Down>", "team": "a & b"}
DATA = {
    "receiver": "team",
    "status": "firing",
    "alerts": [{"status": "firing", "labels": _LABELS, "annotations": {}}],
    "groupLabels": {"alertname": "<Down>"},
    "commonLabels": _LABELS,
    "commonAnnotations": {},
    "externalURL": "http://am",
}
CONFIG = """
global: {resolve_timeout: 5m}
route:
  receiver: team
  group_by: [alertname]
  routes:
  - {matchers: ['night="yes"'], receiver: nobody}
  - {matchers: ['both=~"y.*"'], receiver: team, continue: true}
  - {match: {both: "yes"}, receiver: nobody, group_by: []}
receivers:
- name: team
  webhook_configs: [{url: "http://127.0.0.1:9/hook"}]
- name: nobody
inhibit_rules:
- {source_matchers: ['alertname="Down"'], target_matchers: ['severity="warning"'], equal: [service]}
templates: []
"""
SILENCES = [
    {
        "matchers": [{"name": "alertname", "value": name, "isRegex": False, "isEqual": True}],
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "2036-01-01T00:00:00Z",
        "createdBy": "ann",
        "comment": "moved",
    }
    for name in ("I1", "I2")
]

_CHANGING = (
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:]{8}(?:\.[0-9]+)?(?: UTC|Z)"), "TIME"),
    (re.compile(r"127\.0\.0\.1:[0-9]+"), "ADDRESS"),
    (re.compile(r"\b(?:[0-9a-f]{32}|[0-9A-Z]{26})\b"), "NAME"),
    (re.compile(r"/[^ ']*/(?:real|alertd)/"), "FOLDER/"),
)


@dataclass(frozen=True)
class Said:
    """What a run printed: the exit code, and its output without what is different each time."""

    code: int
    out: str
    err: str


class Amtool:
    """amtool, told where one of the two is."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self._url = url

    async def __call__(self, *arguments: str) -> Said:
        code, out, err = await self.raw(*arguments)
        return Said(code, _stable(out), _stable(err))

    async def raw(self, *arguments: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            shutil.which("amtool") or "amtool",
            f"--alertmanager.url={self._url}",
            *(argument.replace("FOLDER", str(self.folder)) for argument in arguments),
            env={"HOME": str(self.folder), "TZ": "UTC"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    async def silences(self, *arguments: str) -> list[str]:
        """The ids that a query finds."""
        return (await self.raw("silence", "query", "-q", *arguments))[1].split()


Both = tuple[Amtool, Amtool]


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    """amtool for a real Alertmanager and for alertd."""
    if shutil.which("amtool") is None:
        pytest.skip("amtool is not installed")
    async with AsyncExitStack() as stack:
        theirs = await stack.enter_async_context(running(real(), tmp_path / "real", CONFIG, listen=free_address()))
        ours = await stack.enter_async_context(running(ALERTD, tmp_path / "alertd", CONFIG))
        yield Amtool(theirs.url, tmp_path / "real"), Amtool(ours.url, tmp_path / "alertd")


async def same(both: Both, *arguments: str, code: int = 0) -> str:
    """What both print, which is the same."""
    theirs, ours = [await amtool(*arguments) for amtool in both]
    assert ours == theirs
    assert ours.code == code, ours
    return ours.out


async def test_alerts(both: Both) -> None:
    """Alerts are added, and found by name, by matchers, by receiver and by state, in each form of output."""
    for second, labels in enumerate(
        (["Slow", "service=shop"], ["Dark", "night=yes"], ["Down", "service=shop"], ["Held", "severity=warning"])
    ):
        start = f"--start=2026-01-31T12:00:0{second}Z"
        about = ("--annotation=summary=it is slow", "--generator-url=http://p/g", start, "--end=2036-01-01T00:00:00Z")
        assert await same(both, "alert", "add", *labels, *about) == ""
    for output in ("simple", "extended"):
        for query in ([], ["Slow"], ["alertname=~S.*", "service=shop"], ["service=nothing"]):
            await same(both, "-o", output, "alert", "query", *query)
    for flags in (["--receiver=nobody"], ["--receiver=none"], ["--active"], ["--inhibited"], ["--silenced"]):
        await same(both, "alert", "query", *flags)
    assert "Slow" in await same(both, "alert", "Slow")
    assert await same(both, "silence", "add", "Slow", "--comment=c") == "ID\n"
    assert "Slow" in await same(both, "alert", "query", "--silenced")
    theirs, ours = [json.loads((await amtool.raw("-o", "json", "alert", "query"))[1]) for amtool in both]
    assert [_plain(alert) for alert in ours] == [_plain(alert) for alert in theirs]
    end = ("--start=2026-01-31T12:00:00Z", "--end=2026-01-31T13:00:00Z")
    await same(both, "alert", "add", "Slow", "service=shop", *end)
    assert "it is slow" not in await same(both, "alert", "query", "Slow", "--silenced")
    await same(both, "alert", "add", "A", "--start=2026-01-31T13:00:00Z", "--end=2026-01-31T12:00:00Z", code=1)


async def test_silences(both: Both) -> None:
    """A silence is made, found, prolonged and ended; what is refused is refused with the same exit code."""
    await same(both, "silence", "add", "test1", "severity=~warn|page", "team!=a", "--comment=moving", "--author=ann")
    await same(both, "silence", "add", "test2", "--comment=c", "--author=ann", "--duration=2h")
    for output in ("simple", "extended"):
        for query in ([], ["test1"], ["alertname=test1", "team!=a"], ["--created-by=ann"], ["--within=90m"], ["none"]):
            await same(both, "-o", output, "silence", "query", *query)
    for amtool in both:
        (found,) = await amtool.silences("test2")
        assert (await amtool("silence", "update", "--duration=3h", "--comment=longer", found)).code == 0
    assert "longer" in await same(both, "silence", "query", "test2")
    for amtool in both:
        assert (await amtool("silence", "expire", *await amtool.silences())).code == 0
    assert await same(both, "silence", "query", "-q") == ""
    assert await same(both, "silence", "query", "-q", "--expired") == "ID\nID\n"
    assert (await both[1]("silence", "add", "a=~.*", "--comment=c")).code == 1
    assert (await both[1]("silence", "expire", "00000000-0000-4000-8000-000000000000")).code == 1
    await same(both, "silence", "add", "test1", code=1)


async def test_import(both: Both) -> None:
    """Silences are read from a file; bad ones are counted, and what is no JSON is told."""
    for amtool in both:
        (amtool.folder / "good.json").write_text(json.dumps(SILENCES))
        (amtool.folder / "bad.json").write_text(json.dumps([SILENCES[0]] + [{**SILENCES[1], "matchers": []}] * 4))
        (amtool.folder / "none.json").write_text("nonsense")
    await same(both, "silence", "import", "FOLDER/good.json")
    assert await same(both, "silence", "query", "-q") == "ID\nID\n"
    for amtool in both:
        exported = (await amtool.raw("-o", "json", "silence", "query"))[1]
        (amtool.folder / "exported.json").write_text(exported)
        await amtool("silence", "expire", *await amtool.silences())
    for force in ([], ["--force"]):
        await same(both, "silence", "import", *force, "FOLDER/exported.json")
    assert await same(both, "silence", "query", "-q") == "ID\n" * 4
    for amtool in both:
        # amtool counts the last mistake or not, as it happens.
        said = await amtool("silence", "import", "FOLDER/bad.json")
        assert said.code == 1
        assert re.search("couldn't import [34] out of 5 silences", said.err), said.err
    await same(both, "silence", "import", "FOLDER/none.json", code=1)


async def test_configuration(both: Both) -> None:
    """The configuration that alertd shows is one that amtool takes and routes by, as by the file itself."""
    theirs, ours = [await amtool("config", "show") for amtool in both]
    assert (ours.code, theirs.code) == (0, 0)
    assert "127.0.0.1:9/hook" not in ours.out
    (both[1].folder / "shown.yml").write_text((await both[1].raw("config", "show"))[1])
    assert (await both[1]("check-config", "FOLDER/shown.yml")).code == 0
    assert " - 2 receivers" in await same(both, "check-config", "FOLDER/alertmanager.yml")
    shown = await same(both, "config", "routes", "show")
    assert shown == await same(both, "config", "routes", "--config.file=FOLDER/alertmanager.yml")
    for labels, receivers in (("alertname=A", "team"), ("night=yes", "nobody"), ("both=yes", "team,nobody")):
        told = await same(both, "config", "routes", "test", "--tree", f"--verify.receivers={receivers}", labels)
        assert receivers in told
    assert "WARNING" in await same(both, "config", "routes", "test", "--verify.receivers=nobody", "a=b", code=1)
    await same(both, "config", "routes", "test", "{foo=bar}", code=1)


async def test_cluster(both: Both) -> None:
    """The cluster is ready and has one peer."""
    for output in ("simple", "extended"):
        assert "ready" in await same(both, "-o", output, "cluster", "show")


async def test_templates(both: Both) -> None:
    """A file of templates that alertd takes is one that amtool renders, as text and as HTML, to the same words."""
    config = both[1].folder / "alertmanager.yml"
    (both[1].folder / "own.tmpl").write_text(OWN_TEMPLATE)
    config.write_text(CONFIG.replace("templates: []", "templates: [own.tmpl]"))
    assert (await both[1]("check-config", "FOLDER/alertmanager.yml")).code == 0
    (both[1].folder / "data.json").write_text(json.dumps(DATA))
    renderer = Renderer([("own.tmpl", OWN_TEMPLATE)])
    for html in (False, True):
        told = await both[1](
            "template",
            "render",
            "--template.glob=FOLDER/own.tmpl",
            f"--template.text={OWN_TEXT}",
            "--template.data=FOLDER/data.json",
            f"--template.type={'html' if html else 'text'}",
        )
        assert told.code == 0, told
        data = build_data(make_message(make_alert(_LABELS, {}), group_labels={"alertname": "<Down>"}))
        assert told.out.rstrip("\n") == renderer.go(OWN_TEXT, data, now=0, html=html)


def _plain(alert: dict[str, Any]) -> dict[str, Any]:
    """An alert of Debian's amtool, without what is of the moment."""
    status = {**alert["status"], "silencedBy": len(alert["status"]["silencedBy"] or [])}
    return {**alert, "updatedAt": "", "status": status}


def _stable(text: str) -> str:
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return re.sub(r"[ \t]+", " ", text)
