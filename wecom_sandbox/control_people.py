"""Control surface: members and customers, and what they do on their phones."""

from heapq import nlargest

from .checks import LATEST_TIME, REQUIRED, ControlError, in_range, read, strings, whole_number
from .delivery import waiting_tasks
from .events import DELETED_BY_CUSTOMER as CUSTOMER_DELETED_EVENT
from .events import DELETED_BY_MEMBER as MEMBER_DELETED_EVENT
from .events import emit, emit_added
from .media import with_file_facts
from .tags import create_group, create_tag, find_group, live_tags, show_group
from .world import (
    DELETED_BY_CUSTOMER,
    DELETED_BY_MEMBER,
    FULL,
    HALF,
    RELATIONS,
    WECHAT_USER,
    WECOM_USER,
    Contact,
    Follow,
)

ID_CHARACTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@")
ADD_WAYS = {*range(0, 20), 21, 22, 24, 201, 202}


def find_member(world, userid):
    """The member ``userid``; raises ControlError 404."""
    member = world.members.get(userid.lower())
    if member is None:
        raise ControlError(f"there is no member {userid!r}", 404)
    return member


def employed_member(world, userid):
    """The member ``userid`` when still employed; raises ControlError."""
    member = find_member(world, userid)
    if member.left:
        raise ControlError(f"{userid!r} has left")
    return member


def find_customer(world, external_userid):
    """The customer ``external_userid``; raises ControlError 404."""
    contact = world.contacts.get(external_userid)
    if contact is None:
        raise ControlError(f"there is no customer {external_userid!r}", 404)
    return contact


def live_follow(member, contact):
    """The follow between two people when neither has ended it; raises ControlError."""
    follow = contact.follows.get(member.key)
    if follow is None or follow.relation not in (FULL, HALF):
        raise ControlError(f"{member.userid!r} and {contact.external_userid!r} are not connected")
    return follow


def members(world, data):
    """GET members."""
    return {
        "members": [
            {"userid": member.userid, "name": member.name, "waiting": len(waiting_tasks(member))}
            for member in world.members.values()
            if not member.left
        ]
    }


def add_member(world, data):
    """POST members {"userid", "name"}."""
    values = read(data, userid=(str, REQUIRED), name=(str, REQUIRED))
    member = world.add_member(_checked_id(values["userid"], "userid"), values["name"])
    return {"userid": member.userid, "name": member.name, "waiting": 0}


def _checked_id(an_id, name):
    if not 1 <= len(an_id) <= 64 or not set(an_id) <= ID_CHARACTERS:
        raise ControlError(f"{name!r} takes 1 to 64 letters, digits and - _ . @")
    return an_id


def leave(world, data, userid):
    """POST members/<userid>/leave: gone from every list of the API."""
    read(data)
    member = employed_member(world, userid)
    member.left, member.left_at = True, world.clock.now()
    return {"userid": member.userid, "left_at": member.left_at}


def delete_customer(world, data, userid):
    """POST members/<userid>/delete_customer: the relation vanishes from the API."""
    member = employed_member(world, userid)
    contact = find_customer(world, read(data, external_userid=(str, REQUIRED))["external_userid"])
    follow = live_follow(member, contact)
    follow.relation = DELETED_BY_MEMBER
    emit(world, MEMBER_DELETED_EVENT, follow)
    return show_customer(world, contact)


def list_customers(world, data):
    """GET customers?search=&limit=: those whose name, remark or id holds the search text, the newest message first."""
    search, limit = data.get("search", "").strip().lower(), whole_number(data, "limit", 50, 1000)
    found = [contact for contact in world.contacts.values() if not search or _matches(contact, search)]
    newest = nlargest(limit, found, key=lambda contact: contact.inbox[-1][0] if contact.inbox else 0)
    rows = [
        {
            "external_userid": contact.external_userid,
            "name": contact.name,
            "members": [follow.member.name for follow in contact.follows.values() if follow.relation == FULL],
            "received": len(contact.inbox or ()),
        }
        for contact in newest
    ]
    return {"total": len(found), "customers": rows}


def _matches(contact, search):
    return (
        search in contact.name.lower()
        or search in contact.external_userid.lower()
        or any(search in follow.remark.lower() for follow in contact.follows.values())
    )


def customer(world, data, external_userid):
    """GET customers/<external_userid>: follows, and the messages received."""
    return show_customer(world, find_customer(world, external_userid))


def show_customer(world, contact):
    """A customer as the control surface shows him, whatever the API would hide."""
    follows = [
        {
            "userid": follow.member.userid,
            "name": follow.member.name,
            "relation": follow.relation,
            "remark": follow.remark,
            "remark_mobiles": list(follow.mobiles),
            "add_way": follow.add_way,
            "state": follow.state,
            "tag_id": list(follow.tag_ids),
            "createtime": follow.createtime,
            "last_chat": follow.last_chat,
        }
        for follow in contact.follows.values()
    ]
    inbox = [
        {
            "time": time,
            "userid": member.userid,
            "member": member.name,
            "msgid": msgid,
            **with_file_facts(world, content),
        }
        for time, member, msgid, content in contact.inbox or ()
    ]
    return {
        "external_userid": contact.external_userid,
        "name": contact.name,
        "unionid": contact.unionid,
        "type": contact.kind,
        "follows": follows,
        "inbox": inbox,
    }


def add_customer(world, data):
    """POST customers: set up a customer with his follows; all or nothing, no event."""
    values = read(
        data,
        external_userid=(str, None),
        name=(str, REQUIRED),
        unionid=(str, None),
        type=(int, WECHAT_USER),
        gender=(int, 0),
        follows=(list, []),
    )
    kind = in_range(values["type"], "type", WECHAT_USER, WECOM_USER)
    external_userid = values["external_userid"] or world.new_id("wm" if kind == WECHAT_USER else "wo")
    _checked_id(external_userid, "external_userid")
    gender = in_range(values["gender"], "gender", 0, 2)
    contact = Contact(external_userid, values["name"], kind, gender, values["unionid"] or None)
    follows = [_read_follow(world, contact, follow) for follow in values["follows"]]
    if len({follow.member.key for follow in follows}) < len(follows):
        raise ControlError("'follows' names a member twice")
    world.add_contact(contact)
    for follow in follows:
        world.add_follow(follow)
    return {"external_userid": external_userid}


def _read_follow(world, contact, data):
    values = read(
        data,
        userid=(str, REQUIRED),
        remark=(str, ""),
        remark_mobiles=(list, []),
        add_way=(int, 1),
        state=(str, ""),
        tag_id=(list, []),
        createtime=(int, world.clock.now()),
        last_chat=(int, 0),
        relation=(str, FULL),
    )
    unknown = [tag_id for tag_id in strings(values["tag_id"], "tag_id") if tag_id not in world.tags]
    if unknown:
        raise ControlError(f"there is no tag {unknown[0]!r}")
    if values["relation"] not in RELATIONS:
        raise ControlError(f"'relation' must be one of {', '.join(RELATIONS)}")
    if values["add_way"] not in ADD_WAYS:
        raise ControlError(f"there is no add_way {values['add_way']}")
    return Follow(
        employed_member(world, values["userid"]),
        contact,
        in_range(values["createtime"], "createtime", 0, LATEST_TIME),
        relation=values["relation"],
        last_chat=in_range(values["last_chat"], "last_chat", 0, LATEST_TIME),
        remark=values["remark"],
        mobiles=tuple(strings(values["remark_mobiles"], "remark_mobiles")),
        tag_ids=tuple(values["tag_id"]),
        add_way=values["add_way"],
        state=values["state"],
    )


def add_follow(world, data, external_userid):
    """POST customers/<id>/add_member {"userid", "state"?, "half"?}: a new relation, or an ended one begun again."""
    values = read(data, userid=(str, REQUIRED), state=(str, ""), half=(bool, False))
    contact, member = find_customer(world, external_userid), employed_member(world, values["userid"])
    relation, now = HALF if values["half"] else FULL, world.clock.now()
    follow = contact.follows.get(member.key)
    if follow is None:
        follow = world.add_follow(Follow(member, contact, now, relation, state=values["state"]))
    elif follow.relation == FULL or follow.relation == relation:
        raise ControlError(f"{member.userid!r} and {external_userid!r} are connected already")
    else:
        if follow.relation != HALF:
            follow.createtime, follow.last_chat = now, 0
        follow.relation, follow.state = relation, values["state"] or follow.state
    emit_added(world, follow)
    return show_customer(world, contact)


def delete_member(world, data, external_userid):
    """POST customers/<id>/delete_member {"userid"}: the relation stays readable, messages no longer arrive."""
    userid = read(data, userid=(str, REQUIRED))["userid"]
    contact, member = find_customer(world, external_userid), find_member(world, userid)
    follow = live_follow(member, contact)
    follow.relation = DELETED_BY_CUSTOMER
    emit(world, CUSTOMER_DELETED_EVENT, follow)
    return show_customer(world, contact)


def chat(world, data, external_userid):
    """POST customers/<id>/chat {"userid"}: they talk now."""
    userid = read(data, userid=(str, REQUIRED))["userid"]
    contact, member = find_customer(world, external_userid), employed_member(world, userid)
    live_follow(member, contact).last_chat = world.clock.now()
    return show_customer(world, contact)


def add_tags(world, data):
    """POST tags {"group", "tags"}: what an administrator adds in the console, so the app may not edit it."""
    values = read(data, group=(str, REQUIRED), tags=(list, REQUIRED))
    names = list(dict.fromkeys(strings(values["tags"], "tags")))
    if not names or any(len(name) > 30 for name in [*names, values["group"]]):
        raise ControlError("'tags' takes at least one name; a name has at most 30 characters")
    group = find_group(world, values["group"]) or create_group(world, values["group"])
    for name in names:
        if name not in {tag.name for tag in live_tags(group)}:
            create_tag(world, group, name)
    return show_group(group, live_tags(group))


def customer_list(world, data):
    """GET customer_list: what the shop's till knows of its old customers."""
    return {"customers": world.customer_list}


ROUTES = [
    ("GET", "/sandbox/members", members),
    ("POST", "/sandbox/members", add_member),
    ("POST", "/sandbox/members/<userid>/leave", leave),
    ("POST", "/sandbox/members/<userid>/delete_customer", delete_customer),
    ("GET", "/sandbox/customers", list_customers),
    ("POST", "/sandbox/customers", add_customer),
    ("GET", "/sandbox/customers/<external_userid>", customer),
    ("POST", "/sandbox/customers/<external_userid>/add_member", add_follow),
    ("POST", "/sandbox/customers/<external_userid>/delete_member", delete_member),
    ("POST", "/sandbox/customers/<external_userid>/chat", chat),
    ("POST", "/sandbox/tags", add_tags),
    ("GET", "/sandbox/customer_list", customer_list),
]
