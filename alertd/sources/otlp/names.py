"""Names and labels of OTLP metrics as Prometheus has them: `http.server.duration` in `s` is
`http_server_duration_seconds`."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"[a-zA-Z0-9:]+", re.ASCII)
_NOT_IN_UNITS = re.compile(r"[^a-zA-Z0-9:]", re.ASCII)
_NOT_IN_LABELS = re.compile(r"[^a-zA-Z0-9_]", re.ASCII)
_UNDERSCORES = re.compile(r"__+")
_UNITS = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "TiBy": "tibibytes",
    "KBy": "kilobytes",
    "MBy": "megabytes",
    "GBy": "gigabytes",
    "TBy": "terabytes",
    "m": "meters",
    "V": "volts",
    "A": "amperes",
    "J": "joules",
    "W": "watts",
    "g": "grams",
    "Cel": "celsius",
    "Hz": "hertz",
    "1": "",
    "%": "percent",
}
_PER = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}


def metric_name(name: str, unit: str, *, is_counter: bool = False, is_gauge: bool = False) -> str:
    """The name of a metric with its unit and, for a counter, `_total`; empty when nothing of it can be in a name."""
    tokens = _TOKEN.findall(name)
    main, per = _unit(unit)
    per = "" if per == "per_" else per.removesuffix("_")
    for suffix in (main.removesuffix("_") if per else main, per):
        if suffix and suffix not in tokens:
            tokens.append(suffix)
    if is_counter:
        tokens = [token for token in tokens if token != "total"] + ["total"]
    if is_gauge and unit == "1":
        tokens = [token for token in tokens if token != "ratio"] + ["ratio"]
    built = "_".join(tokens)
    return f"_{built}" if built[:1].isdigit() else built


def unit_name(unit: str) -> str:
    """A unit as names have it: `By/s` is `bytes_per_second`."""
    return "_".join(filter(None, _unit(unit)))


def label_name(attribute: str) -> str:
    """The name of a label for an attribute's; what cannot be in one becomes `_`."""
    built = _NOT_IN_LABELS.sub("_", attribute)
    if built[:1].isdigit():
        return f"key_{built}"
    return f"key{built}" if built.startswith("_") and not built.startswith("__") else built


def _unit(unit: str) -> tuple[str, str]:
    """The parts of a unit before and after `/`; annotations in braces say nothing."""
    main, _, per = (part.strip() for part in unit.partition("/"))
    main = "" if set(main) & set("{}") else _UNITS.get(main, main)
    per = "" if not per or set(per) & set("{}") else f"per_{_PER.get(per, per)}"
    return _clean(main), _clean(per)


def _clean(unit: str) -> str:
    return _UNDERSCORES.sub("_", _NOT_IN_UNITS.sub("_", unit)).removeprefix("_")
