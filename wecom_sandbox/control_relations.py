"""Control surface: what members and customers do to each other on their phones; each act is told as an event."""

from time import perf_counter

from .checks import REQUIRED, ControlError, in_range, read, strings
from .control_people import employed_member, find_customer, find_member, show_customer
from .events import emit_transfer_failed
from .relations import add, add_new_customer, delete_by_customer, delete_by_member, edit, follow_between
from .scenarios import material
from .storm import rage
from .world import FULL, HALF

FAIL_REASONS = ("customer_refused", "customer_limit_exceed")
LARGEST_STORM = 100_000
LONGEST_PAUSE = 3600


def new_customer(world, data, userid):
    """POST members/<userid>/new_customer {"name"?, "state"?, "half"?}: somebody new scans and adds the member."""
    values = read(data, name=(str, ""), state=(str, ""), half=(bool, False))
    member = employed_member(world, userid)
    name = values["name"].strip() or world.random.choice(material.NICKNAMES)
    follow = add_new_customer(world, member, name, values["state"], values["half"])
    return show_customer(world, follow.contact)


def edit_customer(world, data, userid):
    """POST members/<userid>/edit_customer {"external_userid", …}: what is given is replaced, an empty value clears."""
    values = read(
        data,
        external_userid=(str, REQUIRED),
        remark=(str, None),
        description=(str, None),
        remark_corp_name=(str, None),
        remark_mobiles=(list, None),
        tag_id=(list, None),
    )
    member, contact = employed_member(world, userid), find_customer(world, values["external_userid"])
    changes = {
        "remark": values["remark"],
        "description": values["description"],
        "company": values["remark_corp_name"],
        "mobiles": _strings(values, "remark_mobiles"),
        "tag_ids": _strings(values, "tag_id"),
    }
    edit(world, member, contact, **{name: value for name, value in changes.items() if value is not None})
    return show_customer(world, contact)


def _strings(values, name):
    return None if values[name] is None else tuple(strings(values[name], name))


def delete_customer(world, data, userid):
    """POST members/<userid>/delete_customer {"external_userid"}: the relation vanishes from the API."""
    member = employed_member(world, userid)
    contact = find_customer(world, read(data, external_userid=(str, REQUIRED))["external_userid"])
    delete_by_member(world, member, contact)
    return show_customer(world, contact)


def add_member(world, data, external_userid):
    """POST customers/<id>/add_member {"userid", "state"?, "half"?}: a new relation, or an ended one begun again."""
    values = read(data, userid=(str, REQUIRED), state=(str, ""), half=(bool, False))
    contact, member = find_customer(world, external_userid), employed_member(world, values["userid"])
    add(world, member, contact, values["state"], values["half"])
    return show_customer(world, contact)


def delete_member(world, data, external_userid):
    """POST customers/<id>/delete_member {"userid"}: the relation stays readable, messages no longer arrive."""
    userid = read(data, userid=(str, REQUIRED))["userid"]
    contact = find_customer(world, external_userid)
    delete_by_customer(world, find_member(world, userid), contact)
    return show_customer(world, contact)


def chat(world, data, external_userid):
    """POST customers/<id>/chat {"userid"}: they talk now."""
    userid = read(data, userid=(str, REQUIRED))["userid"]
    contact, member = find_customer(world, external_userid), employed_member(world, userid)
    follow_between(member, contact, FULL, HALF).last_chat = world.clock.now()
    return show_customer(world, contact)


def transfer_fail(world, data):
    """POST transfer_fail {"userid", "external_userid", "reason"}: the member could not take the customer over."""
    values = read(data, userid=(str, REQUIRED), external_userid=(str, REQUIRED), reason=(str, REQUIRED))
    if values["reason"] not in FAIL_REASONS:
        raise ControlError(f"'reason' must be one of {', '.join(FAIL_REASONS)}")
    member, contact = employed_member(world, values["userid"]), find_customer(world, values["external_userid"])
    emit_transfer_failed(world, member, contact, values["reason"])
    return {"userid": member.userid, "external_userid": contact.external_userid, "reason": values["reason"]}


def storm(world, data):
    """POST acts/storm {"acts", "seed"?, "pause"?}: so many random acts, with so many seconds between them."""
    values = read(data, acts=(int, REQUIRED), seed=(int, world.seed), pause=(int, 0))
    acts, started = in_range(values["acts"], "acts", 1, LARGEST_STORM), perf_counter()
    done = rage(world, acts, values["seed"], in_range(values["pause"], "pause", 0, LONGEST_PAUSE))
    return {"acts": acts, "done": dict(sorted(done.items())), "seconds": round(perf_counter() - started, 3)}


ROUTES = [
    ("POST", "/sandbox/members/<userid>/new_customer", new_customer),
    ("POST", "/sandbox/members/<userid>/edit_customer", edit_customer),
    ("POST", "/sandbox/members/<userid>/delete_customer", delete_customer),
    ("POST", "/sandbox/customers/<external_userid>/add_member", add_member),
    ("POST", "/sandbox/customers/<external_userid>/delete_member", delete_member),
    ("POST", "/sandbox/customers/<external_userid>/chat", chat),
    ("POST", "/sandbox/transfer_fail", transfer_fail),
    ("POST", "/sandbox/acts/storm", storm),
]
