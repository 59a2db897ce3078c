"""Whatever a file holds, it is read or refused with problems; nothing else happens."""

from __future__ import annotations

from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from alertd.config.loading import parse_config
from alertd.config.models import GlobalConfig, Settings
from alertd.config.receivers import KINDS, Receiver, key_of
from alertd.config.redaction import redacted
from alertd.config.routing import InhibitRuleConfig, PeriodConfig, RouteConfig
from alertd.errors import InvalidInput, Problem
from alertd.yamlmodel import keys_of

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=True),
    st.sampled_from(
        ["", "a", "yes", "5m", "...", "a=b", "http://x", "<secret>", "{{ .x", "09:00", "1:3", "x:25", "\u00e4", "0x1"]
    ),
    st.text(max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def mapping_of(model: type[BaseModel]) -> st.SearchStrategy[dict[str, object]]:
    """Some keys of a section with any values."""
    return st.dictionaries(st.sampled_from(keys_of(model)), VALUES, max_size=4)


def often(likely: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(likely, likely, VALUES)


RECEIVERS = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b", ""])},
    optional={key_of(kind): often(st.lists(mapping_of(model), max_size=2)) for kind, model in KINDS.items()}
    | {"labels": VALUES},
)
FILES = st.fixed_dictionaries(
    {"route": often(mapping_of(RouteConfig).map(lambda keys: {**keys, "receiver": "a"}))},
    optional={
        "receivers": often(st.lists(RECEIVERS, max_size=2)),
        "global": often(mapping_of(GlobalConfig)),
        "inhibit_rules": often(st.lists(mapping_of(InhibitRuleConfig), max_size=2)),
        "time_intervals": often(
            st.lists(
                st.fixed_dictionaries(
                    {"name": VALUES, "time_intervals": st.lists(mapping_of(PeriodConfig), max_size=2)}
                ),
                max_size=2,
            )
        ),
        **{
            key: VALUES
            for key in keys_of(Settings)
            if key not in {"route", "receivers", "global", "inhibit_rules", "time_intervals"}
        },
    },
)


def problems_of(text: str) -> tuple[Problem, ...]:
    """What is wrong with a file; one that is right can be shown."""
    try:
        config = parse_config(text, "f.yml", Path("/etc"), {})
    except InvalidInput as error:
        return error.problems
    return () if yaml.safe_load(redacted(config, for_alertmanager=True)) else (Problem("", 0, 0, "", "shown empty"),)


def read(text: str) -> None:
    assert all(problem.message and problem.line >= 1 for problem in problems_of(text))


@settings(max_examples=250)
@given(FILES)
def test_structures(data: object) -> None:
    """Known keys with any value."""
    read(yaml.safe_dump(data, allow_unicode=True))


@settings(max_examples=150)
@given(st.text(alphabet=st.sampled_from("abroute:{}[]-&*!|>'\"\n #%@`~?,0x1.\u00e4"), max_size=60))
def test_texts(text: str) -> None:
    """Any text."""
    read(text)


def test_all_receivers_are_tried() -> None:
    """The strategy knows the receiver's lists by the model's own names."""
    assert {key_of(kind) for kind in KINDS} < set(keys_of(Receiver))
