"""The documentation is true: its examples load, its commands exist, its links lead somewhere, its pages build."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup, TyperOption

from alertd.cli.alertmanagerflags import FLAGS
from alertd.cli.app import app
from alertd.config.loading import parse_config
from alertd.rules.loading import load_rules
from alertd.simulate.unittests.running import run_file

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
ENV = {"SLACK_WEBHOOK": "https://hooks.slack.com/services/T0/B0/X", "PAGERDUTY_KEY": "0123", "SLACK_TOKEN": "xoxb-1"}

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`(alertd(?: [a-z.-]+)+)[^`]*`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: where it is, its language, its text without the fence's indent."""

    place: str
    language: str
    text: str


def blocks() -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in _FENCE.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            lines = (line.removeprefix(found["indent"]) for line in found["text"].splitlines())
            yield Block(f"{page.relative_to(ROOT)}:{line}", found["language"], "\n".join(lines) + "\n")


def examples(name: str) -> list[Block]:
    """The YAML blocks whose first line says that they are the file `name`."""
    return [block for block in blocks() if block.language == "yaml" and block.text.startswith(f"# {name}\n")]


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Every command of alertd that the pages name: in shell blocks as it is typed, in a sentence its words alone."""
    for block in blocks():
        if block.language == "sh":
            for line in block.text.replace("\\\n", " ").splitlines():
                if line.startswith("alertd "):
                    yield block.place, shlex.split(line, comments=True)
    for page in PAGES:
        prose = _FENCE.sub("", page.read_text(encoding="utf-8"))
        for found in _CODE.finditer(prose):
            yield str(page.relative_to(ROOT)), found[1].split()


def place_of(block: Block) -> str:
    return block.place


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the pages are built with them."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    plain = (re.sub(r"[^\w\s-]", "", heading.replace("`", "")).strip().lower() for heading in headings)
    return {re.sub(r"[-\s]+", "-", heading) for heading in plain}


def resolve(words: list[str]) -> tuple[TyperCommand | TyperGroup, list[str]]:
    """The command that the words name and what is left of them. Raises `LookupError`."""
    command, rest = typer.main.get_command(app), words[1:]
    while rest and not rest[0].startswith("-") and isinstance(command, TyperGroup):
        if rest[0] not in command.commands:
            raise LookupError(f"alertd has no command {' '.join(words)!r}")
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


def test_every_yaml_example_says_what_it_is() -> None:
    """A YAML block begins with the name of its file, so that none goes unchecked."""
    known = ("# alertd.yml\n", "# rules.yml\n", "# tests.yml\n")
    assert [block.place for block in blocks() if block.language == "yaml" and not block.text.startswith(known)] == []


@pytest.mark.parametrize("example", examples("alertd.yml"), ids=place_of)
def test_configurations_load(example: Block) -> None:
    """Every configuration in the pages is taken without a problem or a warning."""
    assert parse_config(example.text, example.place, ROOT, ENV).warnings == ()


@pytest.mark.parametrize("example", examples("rules.yml"), ids=place_of)
def test_rules_load(example: Block) -> None:
    """Every rule file in the pages is taken, and has rules."""
    assert load_rules(example.text, example.place).rules


@pytest.mark.parametrize("example", examples("tests.yml"), ids=place_of)
def test_unit_tests_pass(example: Block, tmp_path: Path) -> None:
    """Every file of unit tests in the pages passes with the rules of its page."""
    page = example.place.partition(":")[0]
    (rules,) = [block for block in examples("rules.yml") if block.place.startswith(f"{page}:")]
    (tmp_path / "rules.yml").write_text(rules.text)
    (tmp_path / "tests.yml").write_text(example.text)
    outcome = run_file(tmp_path / "tests.yml")
    assert outcome.passed, outcome


def test_python_examples_compile() -> None:
    """The Python in the pages is Python."""
    for block in blocks():
        if block.language == "python":
            compile(block.text, block.place, "exec")


@pytest.mark.parametrize(("place", "words"), list(command_lines()), ids=str)
def test_commands_exist(place: str, words: list[str]) -> None:
    """Every command exists, and has the options that are shown with it."""
    command, rest = resolve(words)
    if words[:2] == ["alertd", "alertmanager"]:
        # It reads its flags itself; a sentence may name the beginning that several have in common.
        flags = {f"--{flag.name}" for flag in FLAGS}
        assert all(any(flag.startswith(word.partition("=")[0]) for flag in flags) for word in rest), place
        return
    options = {name for option in command.params if isinstance(option, TyperOption) for name in option.opts}
    assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= options | {"--help"}, place


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there, and a heading that is in it."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for found in _LINK.finditer(text):
        target = found["target"]
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_decisions_are_listed() -> None:
    """Each decision's page can be found from the list of them."""
    folder = ROOT / "docs" / "decisions"
    listed = set(_LINK.findall((folder / "index.md").read_text(encoding="utf-8")))
    assert listed == {page.name for page in folder.glob("*.md")} - {"index.md"}


def test_pages_can_be_built(tmp_path: Path) -> None:
    """The pages build without a warning, into a folder of the test's own."""
    config = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    (tmp_path / "zensical.toml").write_text(config, encoding="utf-8")
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    zensical = Path(sys.executable).with_name("zensical")
    built = subprocess.run(
        [zensical, "build", "--clean", "--strict"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert (tmp_path / "site" / "index.html").exists()
