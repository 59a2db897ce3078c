"""Finds the folders that ship beside the package: `migrations`, `templates`, `rules`."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource_path(name: str) -> Path:
    """The folder `name` of an installed wheel, or of the source tree for an editable install.

    Raises `FileNotFoundError` when neither has it.
    """
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"alertd was installed without its folder {name!r}")
