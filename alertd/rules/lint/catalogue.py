"""Every check by its name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from alertd.rules.lint.catalogue_alerts import ALERTS
from alertd.rules.lint.catalogue_expressions import EXPRESSIONS
from alertd.rules.lint.catalogue_files import FILES
from alertd.rules.lint.check import Check

#: The checks by subject, for the documentation.
SECTIONS: Final[Mapping[str, tuple[Check, ...]]] = MappingProxyType(
    {"Expressions": EXPRESSIONS, "Alerts": ALERTS, "Groups and files": FILES}
)
CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {check.name: check for checks in SECTIONS.values() for check in checks}
)


def _of_pint() -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for check in CHECKS.values():
        if check.pint:
            names[check.pint] = (*names.get(check.pint, ()), check.name)
    return names


#: The checks that mean what one of pint's does, by pint's name.
PINT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(_of_pint())
