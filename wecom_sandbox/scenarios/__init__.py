"""The corps the sandbox can play. A scenario and a seed give the same people every time.

Times are counted back from the last midnight (Beijing) before the start: two runs of one day are equal to the second.
"""

from ..world import World
from . import shop

LARGEST = 1_000_000


def _empty(world, contacts):
    """One department, nobody in it: tests add who they need."""
    if contacts:
        raise ValueError("the scenario empty has no contacts: leave the number out")


def _cosmetics(world, contacts):
    shop.fill(world, shop.COSMETICS, contacts)


def _clothing(world, contacts):
    shop.fill(world, shop.CLOTHING, contacts)


SCENARIOS = {"cosmetics": _cosmetics, "clothing": _clothing, "empty": _empty}


def build_world(scenario, contacts=None, seed=1, sender=None):
    """A world filled by ``scenario``; raises ValueError for an unknown one or a bad number of contacts."""
    if scenario not in SCENARIOS:
        raise ValueError(f"there is no scenario {scenario!r}; known are: {', '.join(SCENARIOS)}")
    if contacts is not None and not 0 <= contacts <= LARGEST:
        raise ValueError(f"the number of contacts must lie between 0 and {LARGEST}, not {contacts}")
    world = World(scenario, seed, sender)
    SCENARIOS[scenario](world, contacts)
    return world
