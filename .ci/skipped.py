"""Fails when a test marked `conformance` or `peer` was skipped: `python .ci/skipped.py junit.xml`.

tests/conftest.py writes the two markers into the report.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from xml.etree import ElementTree as ET

REQUIRED = {"conformance", "peer"}


def skipped(report: str) -> Iterator[str]:
    """The required tests that were skipped, with their reasons; a module that was skipped whole counts as required."""
    for case in ET.parse(report).iter("testcase"):
        mark = case.find("skipped")
        if mark is None or mark.get("type") == "pytest.xfail":
            continue
        markers = {item.get("value") for item in case.iter("property") if item.get("name") == "marker"}
        whole_module = not case.get("classname")
        if markers & REQUIRED or whole_module:
            yield f"{case.get('classname')}::{case.get('name')}: {mark.get('message')}"


def main() -> int:
    found = list(skipped(sys.argv[1]))
    for line in found:
        print(f"skipped: {line}", file=sys.stderr)
    if found:
        print(f"{len(found)} tests that CI must run were skipped", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
