"""`make bench`, or `python -m benchmarks [ROW…]`: alertd beside its peers, in turns, as ratios with their spread."""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections.abc import Sequence

from benchmarks.rows import ROWS, Numbers, Row
from benchmarks.sides import OWN, PEER, SIDES


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"which rows: {', '.join(ROWS)}; all by default")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is measured")
    parser.add_argument("--scale", type=float, default=1.0, help="the part of the full work, as 0.1")
    options = parser.parse_args()
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    print(
        "| work | | peer | | alertd | ratio (least to most) | reach |\n| --- | --- | --- | ---: | ---: | ---: | ---: |"
    )
    for name in options.rows or ROWS:
        show(ROWS[name], asyncio.run(measure(ROWS[name], options.rounds, options.scale)))


async def measure(row: Row, rounds: int, scale: float) -> list[dict[str, Numbers]]:
    """The numbers of both sides, round by round; who goes first changes with each round."""
    found = []
    for number in range(rounds):
        order = SIDES if number % 2 == 0 else tuple(reversed(SIDES))
        found.append({side: await row.measure(side, scale) for side in order})
    return found


def show(row: Row, found: Sequence[dict[str, Numbers]]) -> None:
    """One line for each number of a row."""
    for name in found[0][OWN]:
        own = [numbers[OWN][name] for numbers in found]
        peer = [numbers[PEER][name] for numbers in found]
        ratios = sorted(mine / theirs for mine, theirs in zip(own, peer, strict=True))
        reach = f"{'≥' if row.more_is_better else '≤'} {row.reach[name]:g}" if name in row.reach else ""
        middle = statistics.median
        spread = f"{middle(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        numbers = f"{middle(peer):,.1f} | {middle(own):,.1f}"
        print(f"| {row.title} | {name} | {row.peer} | {numbers} | {spread} | {reach} |", flush=True)


if __name__ == "__main__":
    main()
