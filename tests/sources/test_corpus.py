"""What fuzzing found worth keeping is read or refused, and never anything else."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.sources.fuzzing import READERS, feed

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("reader", READERS)
def test_the_corpus(reader: str) -> None:
    """Each kept body, as its reader sees it."""
    bodies = json.loads((CORPUS / f"{reader}.json").read_text())
    assert bodies
    for body in bodies:
        feed(reader, base64.b64decode(body))
