"""Title case as Unicode cuts words: an apostrophe, dot or colon between letters, a digit or an underscore joins."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"\w+(?:(?<=[^\W\d_])['’.:·‧․]\w+)*")


def title_case(text: str, *, lower_rest: bool) -> str:
    """The first letter of every word in title case; with `lower_rest` all others in lower case, else untouched."""

    def titled(found: re.Match[str]) -> str:
        word = found[0]
        first = next((place for place, letter in enumerate(word) if letter.upper() != letter.lower()), len(word))
        rest = word[first + 1 :]
        return word[:first] + word[first : first + 1].title() + (rest.lower() if lower_rest else rest)

    return _WORD.sub(titled, text)
