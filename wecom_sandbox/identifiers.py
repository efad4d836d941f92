"""Conversions between the ids of one person (wecom-api.md § 3.3, 3.4, 3.6, 4.6).

The sandbox is one self-built app: what only a provider's app or the contact-sync secret may ask for gives 48002.
"""

import hashlib

from .api import endpoint
from .envelope import ApiError, invalid
from .world import WECHAT_USER

OPEN_USERIDS = 1000
SHORTEST_MOBILE, LONGEST_MOBILE = 5, 32


def open_userid(member):
    """The id by which a provider's app knows ``member``."""
    return "wo" + _digest("member", member.key)


def service_external_userid(contact):
    """The id by which a provider's app knows ``contact``."""
    return contact.external_userid[:2] + _digest("service", contact.external_userid)


def openid(contact):
    """The id by which payments know a WeChat user."""
    return "o" + _digest("pay", contact.external_userid)[:27]


def _digest(purpose, an_id):
    return hashlib.blake2b(f"{purpose}\0{an_id}".encode(), digest_size=15).hexdigest()


def _source_agent(call):
    if call.integer("source_agentid") is None:
        raise ApiError(41011)


@endpoint("/cgi-bin/batch/openuserid_to_userid", "POST", empty={"userid_list": [], "invalid_open_userid_list": []})
def openuserid_to_userid(call):
    """wecom-api.md § 3.6: members as a provider's app names them."""
    wanted = call.strings("open_userid_list", maximum=OPEN_USERIDS)
    if not wanted:
        raise ApiError(40063, "open_userid_list")
    _source_agent(call)
    known = {open_userid(member): member.userid for member in call.world.visible_members()}
    return {
        "userid_list": [{"open_userid": one, "userid": known[one]} for one in wanted if one in known],
        "invalid_open_userid_list": [one for one in wanted if one not in known],
    }


@endpoint("/cgi-bin/externalcontact/from_service_external_userid", "POST", empty={"external_userid": ""})
def from_service_external_userid(call):
    """wecom-api.md § 3.6: a customer as a provider's app names him."""
    wanted = call.text("external_userid", missing=41035)
    _source_agent(call)
    for contact in call.world.contacts.values():
        if service_external_userid(contact) == wanted:
            return {"external_userid": contact.external_userid}
    raise ApiError(40096)


@endpoint("/cgi-bin/externalcontact/convert_to_openid", "POST", empty={"openid": ""})
def convert_to_openid(call):
    """wecom-api.md § 4.6: for payments; a user of another WeCom corp has none."""
    contact = call.contact(call.text("external_userid"))
    if contact.kind != WECHAT_USER:
        raise ApiError(41056)
    if not call.world.readable_follows(contact):
        raise ApiError(84061)
    return {"openid": openid(contact)}


@endpoint("/cgi-bin/user/getuserid", "POST", empty={"userid": ""})
def getuserid(call):
    """wecom-api.md § 3.4: by mobile; too many unknown ones block the call for the rest of the day (§ 1.6)."""
    mobile = call.text("mobile")
    if not SHORTEST_MOBILE <= len(mobile.encode()) <= LONGEST_MOBILE:
        raise invalid("mobile must have 5 to 32 bytes")
    world = call.world
    now, staff = world.clock.now(), sum(not member.left for member in world.members.values())
    if world.limits.getuserid_is_blocked(now):
        raise ApiError(45009)
    for member in world.visible_members():
        if member.mobile == mobile:
            return {"userid": member.userid}
    world.limits.count_wrong_mobile(now, staff)
    raise ApiError(46004)


@endpoint("/cgi-bin/user/get_userid_by_email", "POST", empty={"userid": ""})
def get_userid_by_email(call):
    """wecom-api.md § 3.4: by the address of the corp (1) or a personal one (2); members here have one for both."""
    if call.integer("email_type") not in (None, 1, 2):
        raise invalid("email_type must be 1 or 2")
    email = call.text("email", missing=40063)
    for member in call.world.visible_members():
        if member.email and member.email.lower() == email.lower():
            return {"userid": member.userid}
    raise ApiError(46004)


def _refuse(call):
    raise ApiError(48002)


for _path, _empty in (
    ("/cgi-bin/user/list_id", {"dept_user": []}),
    ("/cgi-bin/externalcontact/unionid_to_external_userid", {"external_userid": ""}),
    ("/cgi-bin/idconvert/unionid_to_external_userid", {"external_userid": ""}),
    ("/cgi-bin/externalcontact/get_new_external_userid", {"items": []}),
    ("/cgi-bin/externalcontact/groupchat/get_new_external_userid", {"items": []}),
):
    endpoint(_path, "POST", empty=_empty)(_refuse)
