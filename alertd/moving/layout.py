"""Where the files that a configuration names come to lie in the new folder."""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import join, normpath, relpath

_WILDCARDS = "*?["


@dataclass(frozen=True)
class Placed:
    """A pattern of file names and what it becomes.

    `source` is the pattern with the folder that it counts from, `target` the pattern relative to the new folder. What
    lies in the folder `prefix` of the old side goes to `folder` of the new one, with the same path below it.
    """

    pattern: str
    source: str
    target: str
    prefix: str
    folder: str

    def target_of(self, file: str) -> str:
        """The path in the new folder of a file that the old pattern matches."""
        return join(self.folder, relpath(file, self.prefix))


class Layout:
    """Gives each folder of the old side one of the new side, and no two of them the same.

    `base` is the absolute path that relative patterns count from.
    """

    def __init__(self, base: str) -> None:
        self._base = normpath(base)
        self._sources: dict[str, str] = {}

    def place(self, pattern: str, default: str) -> Placed:
        """A place for what `pattern` matches: the same path below `base`, else a folder with the name `default`."""
        parts = pattern.split("/")
        wild = next((index for index, part in enumerate(parts) if any(sign in part for sign in _WILDCARDS)), None)
        fixed = len(parts) - 1 if wild is None else wild
        prefix = normpath(join(self._base, "/".join(parts[:fixed]) or ("/" if parts[0] == "" else ".")))
        rest = "/".join(parts[fixed:])
        folder = self._folder(prefix, default)
        return Placed(pattern, join(prefix, rest), f"{folder}/{rest}", prefix, folder)

    def _folder(self, prefix: str, default: str) -> str:
        inside = relpath(prefix, self._base)
        wanted = default if inside == "." or inside.startswith("..") else inside
        name, number = wanted, 1
        while self._sources.setdefault(name, prefix) != prefix:
            number += 1
            name = f"{wanted}-{number}"
        return name
