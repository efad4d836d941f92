"""Welcome messages (wecom-api.md § 6.8)."""

from dataclasses import dataclass

from .api import endpoint
from .content import read_content
from .delivery import deliver
from .envelope import ApiError
from .world import Follow

LIFE = 20
KEPT = 86400  # how long a code that is over is told from one that never was, and a customer counts as welcomed


@dataclass(slots=True)
class WelcomeCode:
    """What the event of a new customer carries: good once, for 20 seconds."""

    follow: Follow
    expires: int
    used: bool = False


def new_code(world, follow):
    """A code to welcome the customer of ``follow`` with."""
    now, codes = world.clock.now(), world.welcome_codes
    while codes and codes[oldest := next(iter(codes))].expires + KEPT < now:
        del codes[oldest]
    code = world.new_id("WC")
    world.welcome_codes[code] = WelcomeCode(follow, now + LIFE)
    return code


def was_welcomed(world, follow):
    """Whether a code for ``follow`` has been used within the last day."""
    return bool(follow.welcomed_at) and follow.welcomed_at + KEPT >= world.clock.now()


@endpoint("/cgi-bin/externalcontact/send_welcome_msg", "POST")
def send_welcome_msg(call):
    """wecom-api.md § 6.8: delivered at once, each part as a message of its own; a used code gives 41051."""
    world, now = call.world, call.world.clock.now()
    code = world.welcome_codes.get(call.text("welcome_code", missing=41049))
    content = read_content(call)
    if code is None or not world.serves(code.follow.member):
        raise ApiError(41050)
    if code.used or code.follow.last_chat:
        raise ApiError(41051)
    if code.expires <= now:
        raise ApiError(41050)
    code.used, code.follow.welcomed_at = True, now
    deliver(code.follow.contact, content, code.follow.member, now)
    return {}
