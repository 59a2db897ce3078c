"""OpenMetrics' text format, version 1.0."""

from __future__ import annotations

import math
import re
from functools import partial

from alertd.sources.exposition.families import Exemplar, Exposed, ExpositionError, Family, Room
from alertd.sources.exposition.lines import SAMPLE, Fail, canonical_bounds, read_number, read_series, shown, unescape
from alertd.sources.exposition.text import fail_at, text_lines

#: The types with the suffixes that their samples' names have.
TYPES = {
    "counter": ("_total", "_created"),
    "gauge": ("",),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
    "info": ("_info",),
    "stateset": ("",),
    "summary": ("", "_count", "_sum", "_created"),
    "unknown": ("",),
}
#: The label that some samples must have.
_NEEDED = {("histogram", "_bucket"): "le", ("gaugehistogram", "_bucket"): "le", ("summary", ""): "quantile"}
_SUFFIXES = tuple(sorted({suffix for suffixes in TYPES.values() for suffix in suffixes if suffix}))
_METADATA = re.compile(
    r'# (?P<keyword>HELP|TYPE|UNIT) (?P<name>"(?:[^"\\]|\\.)*"|[a-zA-Z_:][a-zA-Z0-9_:]*) (?P<rest>.*)'
)
_REST = re.compile(
    r"(?P<value>[^ #]+)(?: (?P<at>[^ #]+))?"
    r'(?P<exemplar> # \{(?P<labels>(?:[^"}]|"(?:[^"\\]|\\.)*")*)\} (?P<example>[^ ]+)(?: (?P<when>[^ ]+))?)?'
)
_LONGEST_EXEMPLAR = 128


def read_openmetrics(body: bytes, most: int = 10_000) -> list[Family]:
    """The families of an exposition of at most so many samples, in their order. Raises `ExpositionError`.

    What follows a family's last line must be another family's; the exposition ends with `# EOF`.
    """
    reader = _Reader(Room(most))
    number = 0
    # The last line feed may be left out here: what was cut short has no `# EOF`.
    for number, line in text_lines(body if not body or body.endswith(b"\n") else body + b"\n"):
        if reader.ended:
            raise fail_at(number, 0, f"expected nothing after # EOF, found {shown(line)}")
        if line == "# EOF":
            reader.ended = True
        elif line.startswith("#"):
            reader.metadata(number, line)
        else:
            reader.sample(number, line)
    if not reader.ended:
        raise ExpositionError("expected # EOF as the last line, found the end of the text", number + 1)
    return list(reader.families.values())


class _Reader:
    def __init__(self, room: Room) -> None:
        self._room = room
        self.families: dict[str, Family] = {}
        self.ended = False
        self._current = Family("")
        self._told: set[str] = set()

    def metadata(self, number: int, line: str) -> None:
        fail = partial(fail_at, number)
        found = _METADATA.fullmatch(line)
        if found is None:
            raise fail(0, f"expected # HELP, # TYPE, # UNIT or # EOF, found {shown(line)}")
        keyword, name, rest = found["keyword"], found["name"], found["rest"]
        if name.startswith('"'):
            name = unescape(name, fail, found.start("name"))
        family = self._enter(name, fail)
        if keyword in self._told:
            raise fail(0, f"second {keyword} line for the metric {shown(name)}")
        if family.samples:
            raise fail(0, f"the {keyword} line of the metric {shown(name)} must come before its samples")
        self._told.add(keyword)
        if keyword == "HELP":
            family.help = unescape(f'"{_quoted(rest)}"', fail, found.start("rest") - 1)
        elif keyword == "TYPE":
            if rest not in TYPES:
                raise fail(found.start("rest"), f"expected one of {', '.join(TYPES)}, found {shown(rest)}")
            family.type = rest
        else:
            if rest and not name.endswith(f"_{rest}"):
                raise fail(
                    found.start("rest"), f"expected a unit that ends the name {shown(name)}, found {shown(rest)}"
                )
            family.unit = rest

    def sample(self, number: int, line: str) -> None:
        fail = partial(fail_at, number)
        found = SAMPLE.match(line)
        rest = None if found is None else _REST.fullmatch(line, found.start("rest"))
        if found is None or rest is None:
            raise fail(0 if found is None else found.start("rest"), f"expected a sample, found {shown(line)}")
        labels = read_series(found["name"], found["labels"], fail, found.start("labels"))
        name = labels["__name__"]
        family, suffix = self._home(name, fail)
        needed = _NEEDED.get((family.type, suffix))
        if needed is not None and needed not in labels:
            raise fail(0, f"expected the label {needed} at {shown(name)}, a sample of a {family.type}")
        if family.type == "stateset" and family.name not in labels:
            raise fail(0, f"expected the label {family.name} at {shown(name)}, a state of a stateset")
        value = _number(rest["value"], fail, rest.start("value"))
        try:
            canonical_bounds(labels)
        except ValueError as error:
            raise fail(0, str(error)) from None
        exposed = Exposed(labels, value)
        if rest["at"] is not None:
            exposed.at = _instant(rest["at"], fail, rest.start("at"))
        if rest["exemplar"] is not None:
            exposed.exemplar = _exemplar(rest, family, suffix, fail)
        self._room.sample(number)
        family.samples.append(exposed)

    def _home(self, name: str, fail: Fail) -> tuple[Family, str]:
        """The family of a sample and the suffix of its name."""
        current = self._current
        suffix = name.removeprefix(current.name) if current.name and name.startswith(current.name) else None
        if suffix is not None and suffix in TYPES.get(current.type, ("",)):
            return current, suffix
        for suffix in _SUFFIXES:
            known = self.families.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
            if known is not None and suffix in TYPES.get(known.type, ()):
                return self._enter(known.name, fail), suffix
        known = self.families.get(name)
        if known is not None and known.type not in ("untyped", "unknown"):
            wanted = " or ".join(name + suffix for suffix in TYPES[known.type])
            raise fail(0, f"expected {wanted} as a sample of the {known.type} {shown(name)}, found {shown(name)}")
        return self._enter(name, fail), ""

    def _enter(self, name: str, fail: Fail) -> Family:
        """The family of that name; the one before it is complete then."""
        if name == self._current.name:
            return self._current
        if name in self.families:
            raise fail(0, f"the lines of the metric {shown(name)} must follow each other, others came between")
        self._room.family()
        self._current = self.families[name] = Family(name)
        self._told = set()
        return self._current


def _quoted(text: str) -> str:
    """A help text as it would stand between quotation marks: there, a bare quotation mark may be as it is."""
    return re.sub(r'\\.|"', lambda part: '\\"' if part[0] == '"' else part[0], text)


def _number(text: str, fail: Fail, place: int) -> float:
    try:
        return read_number(text)
    except ValueError as error:
        raise fail(place, str(error)) from None


def _instant(text: str, fail: Fail, place: int) -> int:
    """The milliseconds of a time in seconds."""
    seconds = _number(text, fail, place)
    if not math.isfinite(seconds) or abs(seconds) >= 1e15:
        raise fail(place, f"expected a time in seconds, found {shown(text)}")
    return round(seconds * 1000)


def _exemplar(rest: re.Match[str], family: Family, suffix: str, fail: Fail) -> Exemplar:
    place = rest.start("exemplar") + 1
    if (family.type, suffix) not in {("counter", "_total"), ("histogram", "_bucket"), ("gaugehistogram", "_bucket")}:
        raise fail(place, f"only counters and buckets have exemplars, found one at a {family.type}")
    # The reader of series wants a name; an exemplar has none.
    labels = read_series("exemplar", rest["labels"], fail, rest.start("labels"))
    del labels["__name__"]
    length = sum(len(name) + len(value) for name, value in labels.items())
    if length > _LONGEST_EXEMPLAR:
        raise fail(place, f"an exemplar's labels may have {_LONGEST_EXEMPLAR} characters, found {length}")
    at = None if rest["when"] is None else _instant(rest["when"], fail, rest.start("when"))
    return Exemplar(labels, _number(rest["example"], fail, rest.start("example")), at)
