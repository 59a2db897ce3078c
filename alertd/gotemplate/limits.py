"""How much one execution of a template may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """`steps` counts actions, commands and turns of a loop; `output` counts characters, of the text and of any one
    string that a function returns; `depth` counts templates that call templates."""

    steps: int = 100_000
    output: int = 1_000_000
    depth: int = 50
