"""What Telegram makes of a text in its HTML: the limits count what is seen, not the tags and links around it."""

from __future__ import annotations

from html.parser import HTMLParser

MAX_CHARACTERS = 4096
MAX_HTML_BYTES = 1 << 15

# The only names that Telegram decodes; any other entity is shown as it is written.
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


class _Seen(HTMLParser):
    """Collects the text between the tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.parts.append(_ENTITIES.get(name, f"&{name};"))

    def handle_charref(self, name: str) -> None:
        is_hex = name[:1] in ("x", "X")
        number = int(name[1:], 16) if is_hex else int(name)
        is_character = 0 < number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
        self.parts.append(chr(number) if is_character else f"&#{name};")


def without_tags(html: str) -> str:
    """The text that a reader of `html` sees, without its tags and with its entities decoded."""
    seen = _Seen()
    seen.feed(html)
    seen.close()
    return "".join(seen.parts)


def is_too_long(html: str) -> bool:
    """Whether Telegram refuses `html` for its length: 32 KiB with its tags, or 4 096 characters without them."""
    return len(html.encode()) > MAX_HTML_BYTES or len(without_tags(html)) > MAX_CHARACTERS
