"""Many random human acts at once, to see whether a mirror of the customers stands them."""

import random
from collections import Counter

from . import relations
from .checks import ControlError
from .relations import live_tag_ids
from .scenarios import material
from .world import DELETED_BY_CUSTOMER, DELETED_BY_MEMBER, FULL, HALF

NEW_PAIR_SHARE = 0.2
EDIT, ADD, ADD_HALF = "edit", "add", "add_half"
DELETE_BY_MEMBER, DELETE_BY_CUSTOMER = "delete_by_member", "delete_by_customer"
# What can happen to a relation next; what is likelier stands more than once.
NEXT_ACTS = {
    FULL: (EDIT, EDIT, EDIT, DELETE_BY_MEMBER, DELETE_BY_CUSTOMER),
    HALF: (ADD, ADD, DELETE_BY_MEMBER, DELETE_BY_CUSTOMER),
    DELETED_BY_MEMBER: (ADD, ADD, ADD_HALF),
    DELETED_BY_CUSTOMER: (ADD, ADD, ADD_HALF, EDIT, DELETE_BY_MEMBER),
    None: (ADD, ADD, ADD_HALF),
}


def rage(world, acts, seed, pause=0):
    """Let ``acts`` random acts of employed members and their customers happen, the same ones for the same ``seed``.

    :param pause: seconds by which the clock goes on before each act; acts of one second have no order in WeCom's times
    :return: how often each act happened
    :raises ControlError: there is no member or no customer
    """
    draw = random.Random(seed)
    members = [member for member in world.members.values() if not member.left]
    contacts = list(world.contacts.values())
    if not members or not contacts:
        raise ControlError("a storm needs a member and a customer: add them first")
    follows = [follow for member in members for follow in member.follow_list]
    tag_ids = [tag.id for tag in world.tags.values() if not tag.deleted]
    done = Counter()
    for _ in range(acts):
        world.clock.advance(pause)
        if follows and draw.random() >= NEW_PAIR_SHARE:
            follow = draw.choice(follows)
            member, contact = follow.member, follow.contact
        else:
            member, contact = draw.choice(members), draw.choice(contacts)
            follow = contact.follows.get(member.key)
        act = draw.choice(NEXT_ACTS[follow and follow.relation])
        done[act] += 1
        if act == EDIT:
            relations.edit(world, member, contact, **_changes(world, draw, follow, tag_ids))
        elif act == DELETE_BY_MEMBER:
            relations.delete_by_member(world, member, contact)
        elif act == DELETE_BY_CUSTOMER:
            relations.delete_by_customer(world, member, contact)
        else:
            added = relations.add(world, member, contact, half=act == ADD_HALF)
            follows += [] if follow else [added]
    return done


def _changes(world, draw, follow, tag_ids):
    """New values for some of what a member notes about his customer; never all as they are."""
    changes = {"remark": f"{draw.choice(material.SURNAMES)}{draw.randrange(10**9)}"}
    while changes["remark"] == follow.remark:
        changes["remark"] += "x"
    if draw.random() < 0.4:
        changes["mobiles"] = tuple(_mobile(draw) for _ in range(draw.randrange(3)))
    if draw.random() < 0.3:
        changes["description"] = draw.choice(material.OWN_BROADCASTS)
    if tag_ids and draw.random() < 0.5:
        kept = [tag_id for tag_id in live_tag_ids(world, follow) if draw.random() < 0.5]
        changes["tag_ids"] = (*kept, *draw.sample(tag_ids, min(len(tag_ids), draw.randrange(3))))
    return changes


def _mobile(draw):
    return f"{draw.choice(material.MOBILE_PREFIXES)}{draw.randrange(10**8):08d}"
