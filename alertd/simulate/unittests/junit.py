"""The outcome in JUnit's XML, as promtool writes it and build servers read it."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from alertd.simulate.unittests.outcome import FileOutcome, TestOutcome
from alertd.simulate.unittests.texts import failure_lines


def junit(files: Iterable[FileOutcome], timestamp: str) -> str:
    """One `testsuite` for each file, one `testcase` for each test; mistakes in a file are an `error` of their own."""
    root = ET.Element("testsuites")
    for file in files:
        suite = ET.SubElement(
            root,
            "testsuite",
            name=file.path,
            tests=str(len(file.tests) + len(file.skipped) + bool(file.problems)),
            failures=str(sum(not test.passed for test in file.tests)),
            errors=str(int(bool(file.problems))),
            skipped=str(len(file.skipped)),
            time=_seconds(sum(test.duration for test in file.tests)),
            timestamp=timestamp,
        )
        if file.problems:
            case = ET.SubElement(suite, "testcase", name="unknown", classname=file.path)
            error = ET.SubElement(case, "error", message=_clean(file.problems[0]))
            error.text = _clean("\n".join(file.problems))
        for test in file.tests:
            _case(suite, file, test)
        for title in file.skipped:
            ET.SubElement(ET.SubElement(suite, "testcase", name=_clean(title), classname=file.path), "skipped")
        if file.warnings:
            ET.SubElement(suite, "system-err").text = _clean("\n".join(file.warnings))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, file: FileOutcome, test: TestOutcome) -> None:
    case = ET.SubElement(suite, "testcase", name=_clean(test.title), classname=file.path, time=_seconds(test.duration))
    for failure in test.failures:
        element = ET.SubElement(case, "failure", message=_clean(failure.title), type=failure.kind.value)
        element.text = _clean("\n".join(failure_lines(test, failure)))


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"


def _clean(text: str) -> str:
    """The text without what XML cannot hold."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
