"""`alertd promql`: test scripts and the layout of expressions."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.cli.app import run

GOOD = "load 1m\n  up 1\n\neval instant at 0 up\n  up 1\n"
BAD = "load 1m\n  up 1\n\neval instant at 0 up\n  up 2\n\neval instant at 0 up\n  up 1\n\nwhat\n"


def test_scripts_that_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line counts the cases of all scripts."""
    script = tmp_path / "good.test"
    script.write_text(GOOD)
    assert run(["promql", "test", str(script), str(script)]) == 0
    assert capsys.readouterr().out == "2 passed, 0 failed\n"


def test_failures_have_their_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A case that fails is shown with file, line, query and both values; the others are run all the same."""
    script = tmp_path / "bad.test"
    script.write_text(BAD)
    assert run(["promql", "test", str(script)]) == 1
    assert capsys.readouterr().out == (
        f'{script}:4: up\n    expected 2, got 1 for {{__name__="up"}}\n'
        f"{script}:10: what\n    unknown command 'what', expected load, clear or eval\n"
        "1 passed, 2 failed\n"
    )


def test_unreadable_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A script that cannot be read is a failure, and the others are run all the same."""
    missing, binary, good = (tmp_path / f"{name}.test" for name in ("missing", "binary", "good"))
    binary.write_bytes(b"load 1m\n  up \xff\n")
    good.write_text(GOOD)
    assert run(["promql", "test", str(missing), str(binary), str(good)]) == 1
    output = capsys.readouterr()
    assert output.out == "1 passed, 2 failed\n"
    assert output.err == (
        f"{missing}:1:1: the file cannot be read: No such file or directory\n"
        f"{binary}:2:1: the file is not UTF-8 here; save it as UTF-8\n"
    )


def test_format(capsys: pytest.CaptureFixture[str]) -> None:
    """An expression is printed in canonical form; a mistake is shown in its place."""
    assert run(["promql", "format", "sum by(a)(rate(x[5m]))"]) == 0
    assert capsys.readouterr().out == "sum by (a) (rate(x[5m]))\n"
    assert run(["promql", "format", "sum(a"]) == 1
    assert capsys.readouterr().err == "alertd: 1:6: parse error: unclosed left parenthesis\nsum(a\n     ^\n"
