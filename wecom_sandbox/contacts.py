"""External contacts (wecom-api.md § 4.1–4.5)."""

from .api import check_length, endpoint
from .cursors import clamped_limit, read_page, with_cursor
from .envelope import ApiError, invalid
from .media import UPLOAD, live_media
from .world import WECHAT_USER

FOLLOWERS_PER_PAGE = 500
REMARK_LENGTH, DESCRIPTION_LENGTH, COMPANY_LENGTH = 20, 150, 20


def contact_details(contact):
    """The external_contact object of § 4.3 and 4.4."""
    details = {
        "external_userid": contact.external_userid,
        "name": contact.name,
        "type": contact.kind,
        "avatar": "",
        "gender": contact.gender,
    }
    if contact.kind == WECHAT_USER:
        if contact.unionid:
            details["unionid"] = contact.unionid
    else:
        details.update(corp_name=contact.corp_name, corp_full_name=contact.corp_name)
    return details


def _common_follow_info(follow):
    """What § 4.3 and 4.4 both show of a follow."""
    info = {
        "userid": follow.member.userid,
        "remark": follow.remark,
        "description": follow.description,
        "createtime": follow.createtime,
        "remark_mobiles": list(follow.mobiles),
        "oper_userid": follow.member.userid,
        "add_way": follow.add_way,
        "state": follow.state,
    }
    if follow.contact.kind == WECHAT_USER:
        info["remark_corp_name"] = follow.company
    return info


def _follow_with_tags(follow, tags):
    """A follow as § 4.3 shows it: tags with their names, the member's own ones too."""
    corp_tags = [
        {"group_name": tag.group.name, "tag_name": tag.name, "tag_id": tag.id, "type": 1}
        for tag in (tags[tag_id] for tag_id in follow.tag_ids)
        if not tag.deleted
    ]
    own_tags = [{"group_name": group, "tag_name": name, "type": 2} for group, name in follow.private_tags]
    return {**_common_follow_info(follow), "tags": corp_tags + own_tags}


def _follow_with_tag_ids(follow, tags):
    """A follow as § 4.4 shows it: ids of corp tags only."""
    return {
        **_common_follow_info(follow),
        "tag_id": [tag_id for tag_id in follow.tag_ids if not tags[tag_id].deleted],
    }


@endpoint("/cgi-bin/externalcontact/get_follow_user_list", "GET", empty={"follow_user": []})
def get_follow_user_list(call):
    """wecom-api.md § 4.1."""
    return {"follow_user": [member.userid for member in call.world.serving_members()]}


@endpoint("/cgi-bin/externalcontact/list", "GET", empty={"external_userid": []})
def list_contacts(call):
    """wecom-api.md § 4.2: no pagination; a member without customers gives 84061."""
    member = call.serving_member(call.query.get("userid", ""))
    ids = [follow.contact.external_userid for follow in member.follow_list if follow.readable]
    if not ids:
        raise ApiError(84061)
    return {"external_userid": ids}


@endpoint("/cgi-bin/externalcontact/get", "GET", empty={"external_contact": {}, "follow_user": []})
def get_contact(call):
    """wecom-api.md § 4.3."""
    world = call.world
    contact = call.contact(call.query.get("external_userid", ""))
    readable = [follow for follow in contact.follows.values() if follow.readable and not follow.member.left]
    if not readable:
        raise ApiError(84061)
    if not any(world.serves(follow.member) for follow in readable):
        raise ApiError(60011)
    page, next_cursor = read_page(
        world,
        (call.path, contact.external_userid),
        [list(contact.follows.values())],
        FOLLOWERS_PER_PAGE,
        call.query.get("cursor", ""),
        keep=lambda follow: follow.readable and world.serves(follow.member),
    )
    fields = {
        "external_contact": contact_details(contact),
        "follow_user": [_follow_with_tags(follow, world.tags) for follow in page],
    }
    return with_cursor(world, fields, next_cursor)


@endpoint("/cgi-bin/externalcontact/batch/get_by_user", "POST", empty={"external_contact_list": []})
def batch_get_by_user(call):
    """wecom-api.md § 4.4: one row per member and customer; a limit above 100 is taken as 100."""
    world = call.world
    userids = call.strings("userid_list", maximum=100)
    if not userids:
        raise ApiError(40063, "userid_list")
    members = list({userid.lower(): call.serving_member(userid) for userid in userids}.values())
    limit = clamped_limit(call.integer("limit"), default=50, maximum=100, oversized=100)
    cursor = call.cursor()
    page, next_cursor = read_page(
        world,
        (call.path, [member.key for member in members]),
        [member.follow_list for member in members],
        limit,
        cursor,
        keep=lambda follow: follow.readable,
    )
    if not page and not cursor and not next_cursor:
        raise ApiError(84061)
    rows = [
        {
            "external_contact": contact_details(follow.contact),
            "follow_info": _follow_with_tag_ids(follow, world.tags),
        }
        for follow in page
    ]
    fields = {"external_contact_list": rows, "fail_info": {"unlicensed_userid_list": []}}
    return with_cursor(world, fields, next_cursor)


@endpoint("/cgi-bin/externalcontact/remark", "POST")
def remark(call):
    """wecom-api.md § 4.5: replaces what is given; ``[""]`` clears the mobiles."""
    follow = call.follow(call.text("userid"), call.text("external_userid"))
    names = ("remark", "description", "remark_company", "remark_mobiles", "remark_pic_mediaid")
    if not any(call.body.get(name) is not None for name in names):
        raise invalid("nothing to change")
    new_remark, description, company = call.text("remark"), call.text("description"), call.text("remark_company")
    check_length(new_remark, "remark", REMARK_LENGTH)
    check_length(description, "description", DESCRIPTION_LENGTH)
    check_length(company, "remark_company", COMPANY_LENGTH)
    mobiles = call.strings("remark_mobiles")
    picture = call.text("remark_pic_mediaid")
    if picture:
        live_media(call.world, picture, kinds=("image",), source=UPLOAD)
    if call.body.get("remark") is not None:
        follow.remark = new_remark
    if call.body.get("description") is not None:
        follow.description = description
    if call.body.get("remark_company") is not None and follow.contact.kind == WECHAT_USER:
        follow.company = company
    if mobiles:
        follow.mobiles = tuple(mobile for mobile in mobiles if mobile)
    return {}
