"""Kinds of receivers that stand on a library which does not come with alertd by itself."""

from __future__ import annotations

from importlib.util import find_spec

_LIBRARIES = {"apprise": "apprise", "sns": "botocore"}


def missing_library(kind: str) -> str:
    """What to do before receivers of this kind can be used; empty when nothing is missing."""
    library = _LIBRARIES.get(kind)
    if library is None or find_spec(library) is not None:
        return ""
    return f"{kind}_configs needs the library {library}, which is not installed; run: pip install 'alertd[{kind}]'"
