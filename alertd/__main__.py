"""`python -m alertd`, and the program `alertd`."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run the command line; never returns."""
    from alertd.cli.alertmanager import NAMES
    from alertd.cli.app import run

    swapped = Path(sys.argv[0]).name in NAMES
    sys.exit(run(["alertmanager", *sys.argv[1:]] if swapped else None))


if __name__ == "__main__":
    main()
