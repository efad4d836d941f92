"""The events of human acts, as the callback address gets them (wecom-api.md § 16.6, 16.8).

What the API changes emits nothing (§ 16.1), and neither do members whose customers the app does not see.
"""

from .welcome import new_code, was_welcomed
from .world import FULL, HALF, WECHAT_USER

ADDED, HALF_ADDED, EDITED = "add_external_contact", "add_half_external_contact", "edit_external_contact"
DELETED_BY_MEMBER, DELETED_BY_CUSTOMER = "del_external_contact", "del_follow_user"
TRANSFER_FAILED = "transfer_fail"
TAG, TAG_GROUP = "tag", "tag_group"


def emit_fields(world, fields):
    """Send ``fields`` as one event, completed by what every event has; returns whether there is a callback address."""
    if world.sender.url is None:
        return False
    common = {
        "ToUserName": world.credentials.corp_id,
        "FromUserName": "sys",
        "CreateTime": world.clock.now(),
        "MsgType": "event",
    }
    world.sender.send(world, {**common, **fields})
    return True


def _emit_contact(world, change_type, member, contact, **extra):
    if world.serves(member):
        fields = {"Event": "change_external_contact", "ChangeType": change_type}
        ids = {"UserID": member.userid, "ExternalUserID": contact.external_userid}
        emit_fields(world, {**fields, **ids, **extra})


def emit_follow(world, change_type, follow):
    """Tell that ``follow`` was edited or ended."""
    _emit_contact(world, change_type, follow.member, follow.contact)


def emit_added(world, follow):
    """Tell about a customer added: fully, or half while the member has not accepted."""
    extra = {"State": follow.state} if follow.state else {}
    may_be_welcomed = follow.contact.kind == WECHAT_USER and not follow.last_chat and not was_welcomed(world, follow)
    if may_be_welcomed and world.sender.url is not None and world.serves(follow.member):
        extra["WelcomeCode"] = new_code(world, follow)
    change_type = {FULL: ADDED, HALF: HALF_ADDED}[follow.relation]
    _emit_contact(world, change_type, follow.member, follow.contact, **extra)


def emit_transfer_failed(world, member, contact, reason):
    """Tell that ``member`` could not take ``contact`` over."""
    _emit_contact(world, TRANSFER_FAILED, member, contact, FailReason=reason)


def emit_tag(world, change_type, an_id, tag_type):
    """Tell that a corp tag or a group of them was created, updated or deleted in the console."""
    emit_fields(world, {"Event": "change_external_tag", "Id": an_id, "TagType": tag_type, "ChangeType": change_type})


def emit_shuffle(world, group_id):
    """Tell that the tags of a group were put into another order; "" for the groups themselves."""
    emit_fields(world, {"Event": "change_external_tag", "Id": group_id, "ChangeType": "shuffle"})


def emit_chat(world, change_type, chat, **extra):
    """Tell that a customer group chat was created, changed or dismissed."""
    if world.serves(chat.owner):
        emit_fields(
            world, {"Event": "change_external_chat", "ChatId": chat.chat_id, "ChangeType": change_type, **extra}
        )


def emit_left(world, member):
    """Tell that ``member`` leaves the corp; to be called while he is still there."""
    if world.is_visible(member):
        emit_fields(world, {"Event": "change_contact", "ChangeType": "delete_user", "UserID": member.userid})
