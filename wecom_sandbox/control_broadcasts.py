"""Control surface: broadcasts on the members' phones, and the sandbox's own book of them."""

from collections import Counter

from .checks import REQUIRED, ControlError, read, strings
from .control_people import employed_member
from .delivery import (
    CAPPED,
    NOT_FRIEND,
    PENDING,
    SENT,
    confirm,
    is_dispatched,
    make_corp_broadcast,
    send_own_broadcast,
    waiting_tasks,
)
from .media import file_response, with_file_facts


def find_broadcast(world, msgid):
    """The broadcast ``msgid``; raises ControlError 404."""
    if msgid not in world.broadcasts:
        raise ControlError(f"there is no broadcast {msgid!r}", 404)
    return world.broadcasts[msgid]


def _totals(counts):
    return {"sent": counts[SENT], "not_friend": counts[NOT_FRIEND], "capped": counts[CAPPED]}


def _waiting_task(world, userid, data, ignored_too):
    member = employed_member(world, userid)
    broadcast = find_broadcast(world, read(data, msgid=(str, REQUIRED))["msgid"])
    task = broadcast.tasks.get(member.key)
    if task is None or not task.open or (task.ignored and not ignored_too):
        raise ControlError(f"{broadcast.msgid!r} does not wait for {member.userid!r}")
    if not is_dispatched(world, broadcast):
        raise ControlError(f"{broadcast.msgid!r} is still being handed out: wait, or advance the clock")
    return task


def phone(world, data, userid):
    """GET members/<userid>: what waits on the member's phone."""
    member = employed_member(world, userid)
    waiting = [
        {
            "msgid": task.broadcast.msgid,
            "create_time": task.broadcast.create_time,
            "recipients": len(task.recipients),
            "reminded": task.reminded,
            **with_file_facts(world, task.broadcast.content),
        }
        for task in waiting_tasks(world, member)
    ]
    return {"userid": member.userid, "name": member.name, "waiting": waiting}


def confirm_one(world, data, userid):
    """POST members/<userid>/confirm {"msgid"}: also one he ignored before."""
    return _totals(confirm(world, _waiting_task(world, userid, data, ignored_too=True)))


def confirm_all(world, data, userid):
    """POST members/<userid>/confirm_all: everything that waits."""
    read(data)
    tasks = waiting_tasks(world, employed_member(world, userid))
    return _totals(sum((confirm(world, task) for task in tasks), Counter()))


def everyone_confirms(world, data):
    """POST members/confirm_all {"except": [userids]}: every member but those."""
    excepted = {userid.lower() for userid in strings(read(data, **{"except": (list, [])})["except"], "except")}
    for userid in excepted:
        employed_member(world, userid)
    members = [member for key, member in world.members.items() if key not in excepted]
    tasks = [task for member in members for task in waiting_tasks(world, member)]
    return _totals(sum((confirm(world, task) for task in tasks), Counter()))


def ignore(world, data, userid):
    """POST members/<userid>/ignore {"msgid"}: off the phone until a reminder; stays unsent for the API."""
    task = _waiting_task(world, userid, data, ignored_too=False)
    task.ignored = True
    return {"msgid": task.broadcast.msgid, "ignored": True}


def own_broadcast(world, data, userid):
    """POST members/<userid>/broadcast {"external_userids"?, "text"}: made and sent by the member himself."""
    values = read(data, external_userids=(list, None), text=(str, REQUIRED))
    member = employed_member(world, userid)
    if len(values["text"].encode()) > 4000:
        raise ControlError("'text' has more than 4000 bytes")
    if values["external_userids"] is not None:
        strings(values["external_userids"], "external_userids")
    task = send_own_broadcast(world, member, values["external_userids"], values["text"])
    return {"msgid": task.broadcast.msgid, **_totals(confirm(world, task))}


def corp_broadcast(world, data):
    """POST broadcasts {"text"?, "attachments"?, "creator"?, "external_userids"?}: made in the console by the creator.

    Without a creator: by another app. Attachments stand as the platform lists them; their media are not checked.
    """
    values = read(data, creator=(str, ""), external_userids=(list, None), text=(str, ""), attachments=(list, []))
    creator = employed_member(world, values["creator"]) if values["creator"] else None
    if len(values["text"].encode()) > 4000:
        raise ControlError("'text' has more than 4000 bytes")
    for attachment in values["attachments"]:
        kind = attachment.get("msgtype") if isinstance(attachment, dict) else None
        if not isinstance(kind, str) or not isinstance(attachment.get(kind), dict):
            raise ControlError("each of 'attachments' must have a 'msgtype' and the object it names")
    if not values["text"] and not values["attachments"]:
        raise ControlError("'text' or 'attachments' is missing")
    if values["external_userids"] is not None:
        strings(values["external_userids"], "external_userids")
    text = {"text": {"content": values["text"]}} if values["text"] else {}
    content = {**text, "attachments": values["attachments"]}
    return _show(make_corp_broadcast(world, creator, values["external_userids"], content))


def broadcasts(world, data):
    """GET broadcasts: the sandbox's own book, oldest first."""
    return {"broadcasts": [_show(broadcast) for broadcast in world.broadcast_list]}


def _show(broadcast):
    return {
        "msgid": broadcast.msgid,
        "create_type": broadcast.create_type,
        "create_time": broadcast.create_time,
        "cancelled": broadcast.cancelled,
        "text": broadcast.text,
        "recipients": sum(len(task.recipients) for task in broadcast.tasks.values()),
        "tasks": [
            {"userid": task.member.userid, "status": task.status, "recipients": len(task.recipients)}
            for task in broadcast.tasks.values()
        ],
        "results": broadcast.results(),
    }


def recipients(world, data, msgid):
    """GET broadcasts/<msgid>/recipients: who gets it from whom, and how it stands."""
    rows = [
        {"external_userid": external_userid, "userid": task.member.userid, "status": status}
        for task in find_broadcast(world, msgid).tasks.values()
        for external_userid, status in zip(
            task.recipients, task.results or bytes([PENDING]) * len(task.recipients), strict=True
        )
    ]
    return {"recipients": rows}


def media(world, data, media_id):
    """GET media/<media_id>: an uploaded file, for the phone page; a file that is no picture is a download."""
    file = world.media.get(media_id) or world.moment_files.get(media_id)
    if file is None:
        raise ControlError("there is no such media (any more)", 404)
    response = file_response(file)
    if file.kind in ("image", "video"):
        response.headers["Content-Disposition"] = "inline"
    return response


ROUTES = [
    ("GET", "/sandbox/members/<userid>", phone),
    ("POST", "/sandbox/members/<userid>/confirm", confirm_one),
    ("POST", "/sandbox/members/<userid>/confirm_all", confirm_all),
    ("POST", "/sandbox/members/<userid>/ignore", ignore),
    ("POST", "/sandbox/members/<userid>/broadcast", own_broadcast),
    ("POST", "/sandbox/members/confirm_all", everyone_confirms),
    ("GET", "/sandbox/broadcasts", broadcasts),
    ("POST", "/sandbox/broadcasts", corp_broadcast),
    ("GET", "/sandbox/broadcasts/<msgid>/recipients", recipients),
    ("GET", "/sandbox/media/<media_id>", media),
]
