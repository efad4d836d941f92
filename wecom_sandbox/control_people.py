"""Control surface: members, customers and their relations, to set up and to look at."""

from heapq import nlargest

from .checks import LATEST_TIME, REQUIRED, ControlError, in_range, read, strings, whole_number
from .delivery import waiting_tasks
from .events import emit_left
from .identifiers import open_userid, openid, service_external_userid
from .media import with_file_facts
from .moment_delivery import waiting_moments
from .relations import live_tag_ids
from .world import (
    DELETED_BY_MEMBER,
    FULL,
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


def members(world, data):
    """GET members."""
    return {
        "members": [
            {
                "userid": member.userid,
                "name": member.name,
                "waiting": len(waiting_tasks(world, member)),
                "moments": len(waiting_moments(world, member)),
            }
            for member in world.members.values()
            if not member.left
        ]
    }


def add_member(world, data):
    """POST members {"userid", "name", "mobile"?, "email"?}."""
    values = read(data, userid=(str, REQUIRED), name=(str, REQUIRED), mobile=(str, ""), email=(str, ""))
    userid = _checked_id(values["userid"], "userid")
    member = world.add_member(userid, values["name"], mobile=values["mobile"], email=values["email"])
    return {"userid": member.userid, "name": member.name, "waiting": 0, "moments": 0}


def _checked_id(an_id, name):
    if not 1 <= len(an_id) <= 64 or not set(an_id) <= ID_CHARACTERS:
        raise ControlError(f"{name!r} takes 1 to 64 letters, digits and - _ . @")
    return an_id


def leave(world, data, userid):
    """POST members/<userid>/leave: gone from every list of the API, and his follows with him."""
    read(data)
    member = employed_member(world, userid)
    emit_left(world, member)
    member.left, member.left_at = True, world.clock.now()
    return {"userid": member.userid, "left_at": member.left_at}


def list_customers(world, data):
    """GET customers?search=&limit=: those whose name, remark or id holds the search text, the newest message first."""
    search, limit = data.get("search", "").strip().lower(), whole_number(data, "limit", 50, 1000)
    found = [
        contact
        for contact in world.contacts.values()
        if not search or _holds(search, contact, contact.follows.values())
    ]
    newest = nlargest(limit, found, key=lambda contact: contact.inbox[-1][0] if contact.inbox else 0)
    rows = [
        {
            "external_userid": contact.external_userid,
            "name": contact.name,
            "members": [
                follow.member.name
                for follow in contact.follows.values()
                if follow.relation == FULL and not follow.member.left
            ],
            "received": len(contact.inbox or ()),
        }
        for contact in newest
    ]
    return {"total": len(found), "customers": rows}


def _holds(search, contact, follows):
    """Whether the name, the id or a remark holds the text searched for."""
    texts = (contact.name, contact.external_userid, *(follow.remark for follow in follows))
    return any(search in text.lower() for text in texts)


def customers_of_member(world, data, userid):
    """GET members/<userid>/customers?search=&limit=: those on his phone, the newest first; who deleted him stays."""
    member = employed_member(world, userid)
    search, limit = data.get("search", "").strip().lower(), whole_number(data, "limit", 50, 1000)
    found = [
        follow
        for follow in member.follow_list
        if follow.relation != DELETED_BY_MEMBER and (not search or _holds(search, follow.contact, [follow]))
    ]
    newest = nlargest(limit, reversed(found), key=lambda follow: follow.createtime)
    return {
        "total": len(found),
        "customers": [{"name": follow.contact.name, **show_follow(world, follow)} for follow in newest],
    }


def all_follows(world, data):
    """GET follows: every relation there ever was, exactly, to compare a mirror with."""
    follows = (follow for contact in world.contacts.values() for follow in contact.follows.values())
    return {"follows": [show_follow(world, follow) for follow in follows]}


def show_follow(world, follow):
    """A relation as the control surface shows it, whatever the API would hide; tags that were deleted are left out."""
    return {
        "userid": follow.member.userid,
        "external_userid": follow.contact.external_userid,
        "relation": follow.relation,
        "member_left": follow.member.left,
        "remark": follow.remark,
        "description": follow.description,
        "remark_corp_name": follow.company,
        "remark_mobiles": list(follow.mobiles),
        "tag_id": live_tag_ids(world, follow),
        "createtime": follow.createtime,
        "state": follow.state,
        "add_way": follow.add_way,
        "last_chat": follow.last_chat,
    }


def customer(world, data, external_userid):
    """GET customers/<external_userid>: follows, and the messages received."""
    return show_customer(world, find_customer(world, external_userid))


def show_customer(world, contact):
    """A customer as the control surface shows him, whatever the API would hide."""
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
        "follows": [{"name": follow.member.name, **show_follow(world, follow)} for follow in contact.follows.values()],
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
        description=(str, ""),
        remark_corp_name=(str, ""),
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
        description=values["description"],
        company=values["remark_corp_name"],
        mobiles=tuple(strings(values["remark_mobiles"], "remark_mobiles")),
        tag_ids=tuple(values["tag_id"]),
        add_way=values["add_way"],
        state=values["state"],
    )


def customer_list(world, data):
    """GET customer_list: what the shop's till knows of its old customers."""
    return {"customers": world.customer_list}


def identifiers(world, data):
    """GET identifiers?userid=, or ?external_userid=: the other ids of one person."""
    if "userid" in data:
        member = find_member(world, data["userid"])
        return {"userid": member.userid, "open_userid": open_userid(member)}
    contact = find_customer(world, data.get("external_userid", ""))
    return {
        "external_userid": contact.external_userid,
        "service_external_userid": service_external_userid(contact),
        "openid": openid(contact) if contact.kind == WECHAT_USER else None,
    }


ROUTES = [
    ("GET", "/sandbox/identifiers", identifiers),
    ("GET", "/sandbox/members", members),
    ("POST", "/sandbox/members", add_member),
    ("POST", "/sandbox/members/<userid>/leave", leave),
    ("GET", "/sandbox/members/<userid>/customers", customers_of_member),
    ("GET", "/sandbox/customers", list_customers),
    ("POST", "/sandbox/customers", add_customer),
    ("GET", "/sandbox/customers/<external_userid>", customer),
    ("GET", "/sandbox/follows", all_follows),
    ("GET", "/sandbox/customer_list", customer_list),
]
