"""Broadcasts as the API creates and reads them (wecom-api.md § 6.2–6.7)."""

from .api import endpoint
from .content import read_content, show_content
from .cursors import clamped_limit, read_page, with_cursor
from .delivery import PENDING, SENT, TASK_SENT, Broadcast, add_broadcast, assign, is_dispatched
from .envelope import ApiError, invalid

CUSTOMERS, GROUP_CHATS, TAGS_PER_GROUP = 10_000, 2000, 100
LONGEST_SPAN = 31 * 86400
REMINDERS, REMINDER_WINDOW = 3, 86400


@endpoint("/cgi-bin/externalcontact/add_msg_template", "POST", empty={"fail_list": [], "msgid": ""})
def add_msg_template(call):
    """wecom-api.md § 6.2: create a broadcast; nothing reaches a customer before his member confirms."""
    world = call.world
    chat_type = _chat_type(call, default="single")
    external_userids = call.strings("external_userid", maximum=CUSTOMERS)
    tag_groups = _tag_groups(call)
    allow_select = call.boolean("allow_select")
    sender = call.text("sender")
    if chat_type == "group":
        _refuse_group_chats(call, sender)
    if not external_userids and not tag_groups and not sender:
        raise ApiError(41035)
    sender = call.serving_member(sender) if sender else None
    content = read_content(call)
    if external_userids:
        assigned, fail_list = _assign_listed(world, external_userids, sender)
    else:
        assigned, fail_list = _assign_found(world, sender, tag_groups), []
    if not assigned:
        raise ApiError(41048, fields={"fail_list": fail_list})
    broadcast = Broadcast(world.new_id("msg"), "", world.clock.now(), content, allow_select=allow_select)
    add_broadcast(world, broadcast, assigned)
    return {"fail_list": fail_list, "msgid": broadcast.msgid}


def _chat_type(call, default=None):
    chat_type = call.text("chat_type") or default
    if chat_type not in ("single", "group"):
        raise invalid("chat_type must be single or group")
    return chat_type


def _tag_groups(call):
    """The groups of tag ids of tag_filter: any tag inside a group, all groups."""
    groups = []
    for group in call.objects("group_list", call.object("tag_filter")):
        tag_ids = call.strings("tag_list", group, maximum=TAGS_PER_GROUP)
        if any(tag_id not in call.world.tags or call.world.tags[tag_id].deleted for tag_id in tag_ids):
            raise ApiError(40068)
        if tag_ids:
            groups.append(frozenset(tag_ids))
    return groups


def _refuse_group_chats(call, sender):
    """A corp without customer groups: a broadcast to groups finds nobody, or names groups that do not exist."""
    chat_ids = call.strings("chat_id_list", maximum=GROUP_CHATS)
    call.serving_member(sender)
    read_content(call)
    raise ApiError(40050 if chat_ids else 41048)


def _assign_listed(world, external_userids, sender):
    """(external_userid, member) for each that can be sent to, and the ids that cannot, in the order given."""
    assigned, fail_list = [], []
    for external_userid in dict.fromkeys(external_userids):
        contact = world.contacts.get(external_userid)
        member = assign(world, contact, sender) if contact else None
        if member is None:
            fail_list.append(external_userid)
        else:
            assigned.append((external_userid, member))
    return assigned, fail_list


def _assign_found(world, sender, tag_groups):
    """(external_userid, member) for all customers of ``sender`` or of anyone, carrying the tags asked for."""
    found = {}
    for member in [sender] if sender else world.serving_members():
        for follow in member.follow_list:
            if follow.readable and all(group.intersection(follow.tag_ids) for group in tag_groups):
                found[follow.contact.external_userid] = follow.contact
    return [(external_userid, assign(world, contact, sender)) for external_userid, contact in found.items()]


def _broadcast(call):
    """The broadcast named by msgid; raises ApiError 41046, 41047, or 41063 while a corp's one is being dispatched."""
    msgid = call.text("msgid", missing=41046)
    broadcast = call.world.broadcasts.get(msgid)
    if broadcast is None:
        raise ApiError(41047)
    if not is_dispatched(call.world, broadcast):
        raise ApiError(41063)
    return broadcast


def _corp_broadcast(call):
    """The API-made broadcast named by msgid, not cancelled yet; raises ApiError as above, or 41093."""
    broadcast = _broadcast(call)
    if broadcast.creator:
        raise ApiError(41047)
    if broadcast.cancelled:
        raise ApiError(41093)
    return broadcast


@endpoint("/cgi-bin/externalcontact/remind_groupmsg_send", "POST")
def remind_groupmsg_send(call):
    """wecom-api.md § 6.3: at most 3 within 24 hours; brings the task back to the phones of those who have not sent."""
    broadcast, now = _corp_broadcast(call), call.world.clock.now()
    broadcast.reminders = [time for time in broadcast.reminders if time > now - REMINDER_WINDOW]
    if len(broadcast.reminders) >= REMINDERS:
        raise ApiError(41094)
    broadcast.reminders.append(now)
    for task in broadcast.tasks.values():
        task.reminded += task.open
        task.ignored = False
    return {}


@endpoint("/cgi-bin/externalcontact/cancel_groupmsg_send", "POST")
def cancel_groupmsg_send(call):
    """wecom-api.md § 6.4: members who have not sent no longer can; nothing delivered is recalled."""
    _corp_broadcast(call).cancelled = True
    return {}


@endpoint("/cgi-bin/externalcontact/get_groupmsg_list_v2", "POST", empty={"group_msg_list": []})
def get_groupmsg_list_v2(call):
    """wecom-api.md § 6.5: broadcasts created within a span of at most one month, both ends included."""
    world = call.world
    chat_type = _chat_type(call)
    start, end = call.integer("start_time"), call.integer("end_time")
    if start is None or end is None:
        raise invalid("start_time and end_time are required")
    if not 0 <= end - start <= LONGEST_SPAN:
        raise invalid("the span between start_time and end_time exceeds one month or is negative")
    filter_type, creator = call.integer("filter_type"), call.text("creator")
    if filter_type not in (None, 0, 1, 2):
        raise invalid("filter_type must be 0, 1 or 2")
    limit = clamped_limit(call.integer("limit"), default=50, maximum=100, oversized=50)

    def keep(broadcast):
        return (
            chat_type == "single"
            and start <= broadcast.create_time <= end
            and filter_type in (None, 2, broadcast.create_type)
            and (not creator or broadcast.creator.lower() == creator.lower())
            and (not broadcast.creator or world.serves(world.members[broadcast.creator.lower()]))
        )

    binding = (call.path, chat_type, start, end, filter_type, creator)
    page, next_cursor = read_page(world, binding, [world.broadcast_list], limit, call.cursor(), keep)
    return with_cursor(world, {"group_msg_list": [_show(broadcast) for broadcast in page]}, next_cursor)


def _show(broadcast):
    shown = {"msgid": broadcast.msgid, "create_time": broadcast.create_time, "create_type": broadcast.create_type}
    if broadcast.creator:  # absent for broadcasts created through the API
        shown["creator"] = broadcast.creator
    return {**shown, **show_content(broadcast.content)}


@endpoint("/cgi-bin/externalcontact/get_groupmsg_task", "POST", empty={"task_list": []})
def get_groupmsg_task(call):
    """wecom-api.md § 6.6: one row per member; 0 not sent, 2 sent."""
    world, broadcast = call.world, _broadcast(call)
    limit = clamped_limit(call.integer("limit"), default=500, maximum=1000, oversized=500)
    tasks = list(broadcast.tasks.values())
    page, next_cursor = read_page(
        world, (call.path, broadcast.msgid), [tasks], limit, call.cursor(), lambda task: world.serves(task.member)
    )
    rows = []
    for task in page:
        row = {"userid": task.member.userid, "status": task.status}
        rows.append({**row, "send_time": task.send_time} if task.status == TASK_SENT else row)
    return with_cursor(world, {"task_list": rows}, next_cursor)


@endpoint("/cgi-bin/externalcontact/get_groupmsg_send_result", "POST", empty={"send_list": []})
def get_groupmsg_send_result(call):
    """wecom-api.md § 6.7: one row per customer of one member's task; 0 pending, 1 sent, 2 not friend, 3 capped."""
    world, broadcast = call.world, _broadcast(call)
    member = call.serving_member(call.text("userid"))
    limit = clamped_limit(call.integer("limit"), default=500, maximum=1000, oversized=500)
    task = broadcast.tasks.get(member.key)
    recipients = task.recipients if task else []
    page, next_cursor = read_page(
        world, (call.path, broadcast.msgid, member.key), [range(len(recipients))], limit, call.cursor()
    )
    rows = []
    for index in page:
        status = task.results[index] if task.results else PENDING
        row = {"external_userid": recipients[index], "userid": member.userid, "status": status}
        rows.append({**row, "send_time": task.send_time} if status == SENT else row)
    return with_cursor(world, {"send_list": rows}, next_cursor)
