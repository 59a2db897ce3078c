"""Reads `alertd.yml` and turns it into a `Config`, or says everything that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import SecretStr

from alertd.config.checks import check
from alertd.config.environment import Expansion
from alertd.config.inheritance import with_inherited
from alertd.config.models import Settings, is_database_url
from alertd.config.receivers import Receiver
from alertd.config.routes import inhibit_rules_of, route_of, time_intervals_of
from alertd.config.warnings import warnings_about
from alertd.errors import InvalidInput, Problem
from alertd.routing.inhibition import InhibitRule
from alertd.routing.matchers import Grammar
from alertd.routing.time_intervals import TimeInterval
from alertd.routing.tree import Route
from alertd.yamlfile import Document, load
from alertd.yamlmodel import validate

DATABASE_VARIABLE = "ALERTD_DATABASE_URL"


@dataclass(frozen=True)
class Config:
    """A configuration that is right as a whole.

    `settings` is the file with everything inherited filled in; `document` is the file as it was written. `warnings` are
    about things that work but may not be what was meant.
    """

    settings: Settings
    document: Document
    route: Route
    inhibit_rules: tuple[InhibitRule, ...]
    time_intervals: Mapping[str, TimeInterval]
    receivers: Mapping[str, Receiver]
    warnings: tuple[Problem, ...] = ()


def load_config(path: str | Path, env: Mapping[str, str] = os.environ, grammar: Grammar = Grammar.FALLBACK) -> Config:
    """The configuration in a file; relative paths in it count from its directory, `grammar` is that of matchers.

    Raises `InvalidInput` with all mistakes.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = Problem(str(path), line, 1, "", "the file is not UTF-8 here; save it as UTF-8")
        raise InvalidInput([problem]) from error
    except OSError as error:
        problem = Problem(str(path), 1, 1, "", f"the file cannot be read: {error.strerror}")
        raise InvalidInput([problem]) from error
    return parse_config(text, str(path), path.parent, env, grammar)


def parse_config(
    text: str, file: str, directory: Path, env: Mapping[str, str], grammar: Grammar = Grammar.FALLBACK
) -> Config:
    """The configuration in a text; `file` is its name in problems, relative paths count from `directory`.

    Raises `InvalidInput` with all mistakes.
    """
    written = load(text, file, only_first=True)
    expansion = Expansion(written, env)
    document = replace(written, data=expansion.data)
    complaints = [*expansion.problems, *check(document, grammar)]
    try:
        settings = validate(document, Settings, context={"directory": directory.absolute(), "grammar": grammar})
    except InvalidInput as error:
        known = {_place(problem) for problem in complaints}
        complaints += [problem for problem in error.problems if _place(problem) not in known]
        settings = None
    if DATABASE_VARIABLE in env and not is_database_url(env[DATABASE_VARIABLE]):
        sentence = f"{DATABASE_VARIABLE} must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
        complaints.append(Problem("environment", 1, 1, "", sentence))
    if complaints or settings is None:
        raise InvalidInput(expansion.hide(problem) for problem in complaints)
    if DATABASE_VARIABLE in env:
        settings = settings.model_copy(update={"database": SecretStr(env[DATABASE_VARIABLE])})
    settings = with_inherited(settings)
    return Config(
        settings=settings,
        document=written,
        route=route_of(settings.route, grammar),
        inhibit_rules=inhibit_rules_of(settings, grammar),
        time_intervals=time_intervals_of(settings),
        receivers={receiver.name: receiver for receiver in settings.receivers},
        warnings=tuple(sorted(warnings_about(settings, written, grammar))),
    )


def _place(problem: Problem) -> tuple[int, int, str]:
    """Of two problems at one place the first says why, as that a variable is not set; the other only follows."""
    return (problem.line, problem.column, problem.field)
