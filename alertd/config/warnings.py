"""What works in a configuration and may not be what was meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alertd.config.models import Settings
from alertd.config.observability import without_effect
from alertd.config.routing import RouteConfig
from alertd.config.types import HIDDEN
from alertd.errors import Problem
from alertd.routing.matchers import Grammar, parse_matchers
from alertd.yamlfile import Document, Path


def warnings_about(settings: Settings, document: Document, grammar: Grammar) -> Iterator[Problem]:
    """Everything worth a word about a configuration that is right as a whole."""
    for path, sentence in without_effect(document):
        yield document.problem(path, sentence, at_key=True)
    if document.further is not None:
        line, column = document.further
        sentence = "a second document begins here; only the first one is read"
        yield Problem(document.file, line, column, "", sentence)
    yield from _shown_secrets(document, document.data, ())
    if grammar is Grammar.FALLBACK:
        yield from _ambiguous_matchers(settings, document)


def _shown_secrets(document: Document, value: object, path: Path) -> Iterator[Problem]:
    """The places where a file was copied from where secrets are not shown."""
    if value == HIDDEN:
        sentence = f"{HIDDEN} is what is shown in place of a secret, and no secret; write the secret itself"
        yield document.problem(path, sentence)
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _shown_secrets(document, member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _shown_secrets(document, member, (*path, index))


def _ambiguous_matchers(settings: Settings, document: Document) -> Iterator[Problem]:
    """Warnings about matchers that the classic and the UTF-8 grammar read differently."""
    for path, text in _matcher_texts(settings):
        sentences: list[str] = []
        parse_matchers(text, warn=sentences.append)
        yield from (document.problem(path, sentence) for sentence in sentences)


def _matcher_texts(settings: Settings) -> Iterable[tuple[Path, str]]:
    waiting: list[tuple[Path, RouteConfig]] = [(("route",), settings.route)]
    while waiting:
        path, route = waiting.pop()
        yield from (((*path, "matchers", index), text) for index, text in enumerate(route.matchers))
        waiting += [((*path, "routes", index), child) for index, child in enumerate(route.routes)]
    for number, rule in enumerate(settings.inhibit_rules):
        for key in ("source_matchers", "target_matchers"):
            for index, text in enumerate(getattr(rule, key, ())):
                yield ("inhibit_rules", number, key, index), text
