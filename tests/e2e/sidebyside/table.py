"""The table: scenarios as YAML files hold them, and the one configuration that is made of many of them.

A scenario has a subtree of routes, receivers, inhibition rules and time intervals of its own. All of its alerts carry a
label `scenario`, by which the configuration keeps the scenarios apart, so that many are played at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

#: What a scenario's route has where it says nothing else.
ROUTE = {"group_by": ["alertname"], "group_wait": "1s", "group_interval": "2s", "repeat_interval": "1h"}
#: How an alert without an end is taken to end, in the configurations of all scenarios.
RESOLVE_TIMEOUT = "4400ms"

_HOOK: Mapping[str, Any] = {"hook": [{}]}
_FOLDER = Path(__file__).parent / "scenarios"


@dataclass(frozen=True)
class Step:
    """What is done `at` seconds after the beginning: `action` is the step's one further key, `subject` its value."""

    at: float
    action: str
    subject: Any


@dataclass(frozen=True)
class Scenario:
    """One row of the table.

    `receivers`: name → the keys of its webhooks; each gets the address of the peer. `answers`: the path of a webhook →
    what it answers, one a request, and 200 from then on. `differs` names the difference, as the documentation does,
    because of which `theirs` and `ours` tell other messages; `compat` says that `compat: alertmanager` takes it back.
    `seconds`: when the last message has come. `at_minute`: the clock's minute turns at this second of the scenario.
    `reloaded`: what is another in its route after the reload.

    A line of `theirs` and `ours` is `SECOND RECEIVER/INDEX STATUS: ALERT, ALERT`; the second is `~` where it is left to
    chance. `show` adds to it: the `groupKey` of the message, or of each alert when it `starts`.
    """

    name: str
    proves: str
    steps: tuple[Step, ...]
    seconds: float
    route: Mapping[str, Any] = field(default_factory=dict)
    receivers: Mapping[str, Any] = field(default_factory=lambda: _HOOK)
    inhibit_rules: tuple[Mapping[str, Any], ...] = ()
    answers: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    differs: str = ""
    compat: bool = False
    theirs: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    at_minute: float | None = None
    reloaded: Mapping[str, Any] = field(default_factory=dict)
    show: str = ""

    @property
    def silent(self) -> bool:
        """Whether nothing at all is told, which has to be said, for no scenario may be silent by mistake."""
        return self.theirs == ("nothing",)


def read_scenarios(*files: str) -> list[Scenario]:
    """The scenarios of these files of the folder, in order."""
    scenarios = [_scenario(row) for name in files for row in yaml.safe_load((_FOLDER / name).read_text("utf-8"))]
    names = [scenario.name for scenario in scenarios]
    assert len(names) == len(set(names)), "two scenarios have one name"
    return scenarios


def configuration(
    scenarios: Iterable[Scenario], url: str, times: Mapping[str, Any], *, reloaded: bool = False
) -> dict[str, Any]:
    """The configuration of these scenarios, their webhooks under `url`, as it is before or after the reload.

    `times` are time intervals by name, which any of them may use.
    """
    routes: list[dict[str, Any]] = []
    rules: list[dict[str, Any]] = []
    receivers: list[dict[str, Any]] = [{"name": "nobody"}]
    intervals = [{"name": name, "time_intervals": spans} for name, spans in times.items()]
    for scenario in scenarios:
        own = f'scenario="{scenario.name}"'
        route = {"receiver": "hook", **ROUTE, **scenario.route, **(scenario.reloaded if reloaded else {})}
        routes.append({**_routed(scenario.name, route), "matchers": [own]})
        rules += [
            {
                **rule,
                "source_matchers": [own, *rule.get("source_matchers", ())],
                "target_matchers": [own, *rule.get("target_matchers", ())],
            }
            for rule in scenario.inhibit_rules
        ]
        for receiver, hooks in scenario.receivers.items():
            where = f"{url}/{address(scenario.name)}/{address(receiver)}"
            webhooks = [{"url": f"{where}/{index}", **hook} for index, hook in enumerate(hooks)]
            receivers.append({"name": f"{scenario.name}/{receiver}", "webhook_configs": webhooks})
    return {
        "global": {"resolve_timeout": RESOLVE_TIMEOUT},
        "route": {"receiver": "nobody", "routes": routes},
        "receivers": receivers,
        "inhibit_rules": rules,
        "time_intervals": intervals,
    }


def address(name: str) -> str:
    """A name as it stands in an address."""
    return re.sub(r"\W+", "-", name)


def _routed(scenario: str, route: Mapping[str, Any]) -> dict[str, Any]:
    """A route with its receivers called by their whole names, all the way down."""
    own = dict(route)
    if "receiver" in own:
        own["receiver"] = f"{scenario}/{own['receiver']}"
    if "routes" in own:
        own["routes"] = [_routed(scenario, child) for child in own["routes"]]
    return own


def _scenario(row: Mapping[str, Any]) -> Scenario:
    values = dict(row)
    for name in ("inhibit_rules", "theirs", "ours"):
        values[name] = tuple(values.get(name, ()))
    values["answers"] = {path: tuple(answers) for path, answers in values.get("answers", {}).items()}
    values["steps"] = tuple(_step(step) for step in values["steps"])
    return Scenario(**values)


def _step(step: Mapping[str, Any]) -> Step:
    ((action, subject),) = ((key, value) for key, value in step.items() if key != "at")
    return Step(step["at"], action, subject)
