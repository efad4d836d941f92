"""Timing and the one line every benchmark ends in."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Seconds spent inside its ``with`` blocks."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        gc.collect()
        started = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - started


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes, in seconds."""
    watch = Stopwatch()
    with watch():
        work()
    return watch.seconds


def line(name: str, ours: float, against: float, goal: float) -> tuple[str, bool]:
    """The result line of a benchmark and whether its goal is met.

    :param ours: rows per second of the addon
    :param against: rows per second of the yardstick
    :param goal: the least ``ours / against``
    """
    ratio = ours / against
    met = ratio >= goal
    verdict = "ok" if met else "short"
    return f"BENCH {name} ours={ours:.0f}/s against={against:.0f}/s ratio={ratio:.2f} goal={goal:g} {verdict}", met
