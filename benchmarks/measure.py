"""Timing: several rounds of each contender in turn, so that a machine that slows down slows all of them down."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["compare"]

ROUNDS = 5


def compare(
    title: str,
    contenders: Mapping[str, Callable[[], object]],
    *,
    times: int,
    unit: str = "messages",
    aim: tuple[str, float] | None = None,
) -> None:
    """Print a table: the median of five rounds for each contender, and its ratio to the last one.

    ``aim`` is how many times as fast as that contender the first one is meant to be.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for work in contenders.values():
        work()
    for _ in range(ROUNDS):
        for name, work in contenders.items():
            gc.collect()  # nobody pays for what the one before left behind
            start = time.perf_counter()
            for _ in range(times):
                work()
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(rounds) for name, rounds in seconds.items()}
    base = medians[list(medians)[-1]]
    print(f"\n{title}")
    for name, median in medians.items():
        spread = f"{times / max(seconds[name]):,.0f} to {times / min(seconds[name]):,.0f}"
        print(f"  {name:<24} {times / median:>10,.0f} {unit}/s   {base / median:>6.2f}×   ({spread})")
    if aim and aim[0] in medians:
        first = next(iter(medians))
        print(f"  {first} is {medians[aim[0]] / medians[first]:.1f}× {aim[0]}; the aim is {aim[1]:g}×")
