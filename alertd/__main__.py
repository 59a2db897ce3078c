"""`python -m alertd`, and the program `alertd`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; never returns."""
    from alertd.cli.app import run

    sys.exit(run())


if __name__ == "__main__":
    main()
