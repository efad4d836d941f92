"""What members and customers do to each other, and the events that tell of it (wecom-api.md § 16.6, 18)."""

from . import events
from .checks import ControlError
from .contacts import COMPANY_LENGTH, DESCRIPTION_LENGTH, REMARK_LENGTH
from .tags import TAGS_PER_FOLLOW
from .world import DELETED_BY_CUSTOMER, DELETED_BY_MEMBER, FULL, HALF, WECHAT_USER, Contact, Follow


def follow_between(member, contact, *relations):
    """The follow between two people while it stands at one of ``relations``; raises ControlError."""
    follow = contact.follows.get(member.key)
    if follow is None or follow.relation not in relations:
        relation = follow.relation if follow else "none"
        people = f"{member.userid!r} and {contact.external_userid!r}"
        raise ControlError(f"the relation of {people} is {relation}, this takes {' or '.join(relations)}")
    return follow


def add(world, member, contact, state="", half=False):
    """The customer adds the member, anew or again; ``half`` while the member has not accepted.

    :raises ControlError: they are connected already
    """
    relation, now = HALF if half else FULL, world.clock.now()
    follow = contact.follows.get(member.key)
    if follow is None:
        follow = world.add_follow(Follow(member, contact, now, relation, state=state))
    elif follow.relation in (FULL, relation):
        raise ControlError(f"{member.userid!r} and {contact.external_userid!r} are connected already")
    else:
        if follow.relation != HALF:
            follow.createtime, follow.last_chat = now, 0
        follow.relation, follow.state = relation, state or follow.state
    events.emit_added(world, follow)
    return follow


def add_new_customer(world, member, name, state="", half=False):
    """Somebody new scans the member's code and adds him."""
    return add(world, member, world.add_contact(Contact(world.new_id("wm"), name)), state, half)


def delete_by_member(world, member, contact):
    """The member deletes the customer: the relation vanishes from the API, also one the customer has ended."""
    follow = follow_between(member, contact, FULL, HALF, DELETED_BY_CUSTOMER)
    follow.relation = DELETED_BY_MEMBER
    events.emit_follow(world, events.DELETED_BY_MEMBER, follow)
    return follow


def delete_by_customer(world, member, contact):
    """The customer deletes the member: the relation stays readable, messages no longer arrive."""
    follow = follow_between(member, contact, FULL, HALF)
    follow.relation = DELETED_BY_CUSTOMER
    events.emit_follow(world, events.DELETED_BY_CUSTOMER, follow)
    return follow


def edit(world, member, contact, **changes):
    """The member changes ``remark``, ``description``, ``company``, ``mobiles`` or ``tag_ids`` of the customer.

    The limits are those of wecom-api.md § 4.5 and 5.1. Without a change there is no event.

    :raises ControlError: not his customer, an over-long value, an unknown tag; nothing is changed then
    """
    follow = follow_between(member, contact, FULL, DELETED_BY_CUSTOMER)
    limits = {"remark": REMARK_LENGTH, "description": DESCRIPTION_LENGTH, "company": COMPANY_LENGTH}
    for name, limit in limits.items():
        if len(changes.get(name, "")) > limit:
            raise ControlError(f"the {name} has more than {limit} characters")
    if changes.get("company") and contact.kind != WECHAT_USER:
        raise ControlError("only a WeChat customer can be noted with a company")
    if "tag_ids" in changes:
        changes["tag_ids"] = _checked_tags(world, changes["tag_ids"])
        if set(changes["tag_ids"]) == set(live_tag_ids(world, follow)):
            del changes["tag_ids"]
    changed = {name: value for name, value in changes.items() if getattr(follow, name) != value}
    for name, value in changed.items():
        setattr(follow, name, value)
    if changed:
        events.emit_follow(world, events.EDITED, follow)
    return follow


def _checked_tags(world, tag_ids):
    unknown = [tag_id for tag_id in tag_ids if tag_id not in world.tags or world.tags[tag_id].deleted]
    if unknown:
        raise ControlError(f"there is no tag {unknown[0]!r}")
    if len(tag_ids) > TAGS_PER_FOLLOW:
        raise ControlError(f"a customer of a member has {TAGS_PER_FOLLOW} tags at most")
    return tuple(dict.fromkeys(tag_ids))


def live_tag_ids(world, follow):
    """The ids of the corp tags of ``follow`` that still exist."""
    return [tag_id for tag_id in follow.tag_ids if not world.tags[tag_id].deleted]
