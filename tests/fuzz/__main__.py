"""Coverage-guided fuzzing: `python -m tests.fuzz TARGET FOLDER [-max_total_time=3600]`, which `make fuzz` calls.

Needs the extra `fuzz` (atheris). FOLDER is the corpus of before, and keeps what is found; the bodies of `corpus/` are
put there first. Ends with a failure when the target does anything but read or refuse, takes more than ten seconds for
one body or more than a gigabyte of memory. `python -m tests.fuzz keep TARGET FOLDER` takes some of what was found into
`corpus/`, where `test_corpus.py` runs it.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
TARGETS = sorted(path.stem for path in CORPUS.glob("*.json"))
LIMITS = ("-timeout=10", "-rss_limit_mb=1024")
#: What is kept of one target: more would make the repository heavy and the test slow.
MOST_KEPT = 200
LONGEST_KEPT = 300


def fuzz(target: str, folder: Path, options: list[str]) -> None:
    import atheris

    folder.mkdir(parents=True, exist_ok=True)
    for number, body in enumerate(kept(target)):
        (folder / f"kept-{number}").write_bytes(body)
    # Only what is imported in here is watched, so nothing of alertd may be imported before.
    with atheris.instrument_imports(include=["alertd"]):
        from tests.fuzz.targets import feed
    words = [f"-dict={path}"] if (path := CORPUS.parent / f"{target}.dict").exists() else []
    atheris.Setup([sys.argv[0], *LIMITS, *words, *options, str(folder)], lambda body: feed(target, body))
    atheris.Fuzz()


def kept(target: str) -> list[bytes]:
    """The bodies that the project keeps for a target."""
    return [base64.b64decode(body) for body in json.loads((CORPUS / f"{target}.json").read_text())]


def keep(target: str, folder: Path) -> None:
    """Add to the kept bodies some of the folder, of all lengths: each there has reached what none before it had."""
    found = sorted((path.read_bytes() for path in folder.iterdir()), key=lambda body: (len(body), body))
    short = [body for body in found if len(body) <= LONGEST_KEPT]
    bodies = dict.fromkeys([*kept(target), *short[:: len(short) // MOST_KEPT + 1]])
    text = json.dumps([base64.b64encode(body).decode() for body in bodies], indent=0)
    (CORPUS / f"{target}.json").write_text(text + "\n")


def main() -> None:
    match sys.argv[1:]:
        case ["keep", target, folder] if target in TARGETS:
            keep(target, Path(folder))
        case [target, folder, *options] if target in TARGETS:
            fuzz(target, Path(folder), options)
        case _:
            sys.exit(f"usage: python -m tests.fuzz [keep] TARGET FOLDER [OPTION…]; targets: {', '.join(TARGETS)}")


if __name__ == "__main__":
    main()
