"""Messages of the app to members (wecom-api.md § 14): text and textcard."""

from .api import check_length, endpoint
from .envelope import ApiError, invalid

MEMBERS, PARTIES = 1000, 100
TEXT_BYTES = 2048
CARD_LENGTHS = {"title": 128, "description": 512, "btntxt": 4}
URL_BYTES = 2048
EVERYBODY = "@all"

_NO_ANSWER = {"invaliduser": "", "invalidparty": "", "invalidtag": "", "unlicenseduser": "", "msgid": ""}


@endpoint("/cgi-bin/message/send", "POST", empty=_NO_ANSWER)
def send(call):
    """wecom-api.md § 14: partly invalid recipients still succeed; too many messages to one member are dropped."""
    world = call.world
    content = _read_content(call)
    agent_id = call.integer("agentid")
    if agent_id is None:
        raise ApiError(41011)
    if agent_id != world.credentials.agent_id:
        raise ApiError(40056)
    members, invalid_users, invalid_parties, invalid_tags = _recipients(call)
    if not members:
        raise ApiError(81013)
    now, msgid = world.clock.now(), world.new_id("msg")
    for member in members:
        if world.limits.message_arrives(member, now):
            member.notices.append({"msgid": msgid, "time": now, **content})
    lists = {"invaliduser": invalid_users, "invalidparty": invalid_parties, "invalidtag": invalid_tags}
    return {**_NO_ANSWER, **{name: "|".join(ids) for name, ids in lists.items()}, "msgid": msgid}


def _recipients(call):
    """(members, invalid userids, parties and tags), the ids in lower case as the service names them."""
    world = call.world
    if call.text("touser") == EVERYBODY:
        return world.visible_members(), [], [], []
    userids, parties = _listed(call, "touser", MEMBERS), _listed(call, "toparty", PARTIES)
    tags = _listed(call, "totag", PARTIES)  # member tags do not exist here
    if not userids and not parties and not tags:
        raise ApiError(82001)
    found, invalid_users, invalid_parties = {}, [], []
    for userid in userids:
        member = world.members.get(userid.lower())
        if member is not None and world.is_visible(member):
            found[member.key] = member
        else:
            invalid_users.append(userid.lower())
    for party in parties:
        inside = [member for member in world.visible_members() if str(member.department) == party]
        found.update((member.key, member) for member in inside)
        if not inside:
            invalid_parties.append(party)
    return list(found.values()), invalid_users, invalid_parties, tags


def _listed(call, name, maximum):
    ids = [one for one in call.text(name).split("|") if one]
    if len(ids) > maximum:
        raise invalid(f"{name} exceed max size {maximum}")
    return ids


def _read_content(call):
    kind = call.text("msgtype")
    if kind == "text":
        text = call.text("content", call.object("text"), missing=44004)
        return {"msgtype": kind, "text": text.encode()[:TEXT_BYTES].decode(errors="ignore")}
    if kind != "textcard":
        raise ApiError(40008)
    card = call.object("textcard")
    shown = {name: call.text(name, card) for name in CARD_LENGTHS}
    for name, maximum in CARD_LENGTHS.items():
        check_length(shown[name], f"textcard.{name}", maximum)
    if not shown["title"]:
        raise ApiError(41016)
    if not shown["description"]:
        raise invalid("textcard.description missing")
    url = call.text("url", card, missing=41010)
    check_length(url, "textcard.url", URL_BYTES, bytes_counted=True)
    return {"msgtype": kind, "textcard": {**shown, "url": url}}
