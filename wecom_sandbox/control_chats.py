"""Control surface: customer group chats, of which the sandbox knows just enough to tell their events (§ 16.6)."""

import hashlib
from dataclasses import dataclass

from .checks import REQUIRED, ControlError, in_range, read, strings
from .control_people import employed_member
from .events import emit_chat
from .world import Member

# Each change and the element that tells how a member came or went, with its highest value.
DETAILS = {
    "add_member": ("JoinScene", 3),
    "del_member": ("QuitScene", 1),
    "change_owner": None,
    "change_name": None,
    "change_notice": None,
}


@dataclass(slots=True)
class GroupChat:
    """A customer group chat of ``owner``; ``changes`` of its members make its version."""

    chat_id: str
    owner: Member
    changes: int = 0

    @property
    def member_version(self):
        """What a reader compares to see whether he missed a change of the members."""
        return hashlib.md5(f"{self.chat_id} {self.changes}".encode(), usedforsecurity=False).hexdigest()


def _find(world, chat_id):
    if chat_id not in world.chats:
        raise ControlError(f"there is no group chat {chat_id!r}", 404)
    return world.chats[chat_id]


def create(world, data):
    """POST chats {"userid"}: the member opens a group chat."""
    owner = employed_member(world, read(data, userid=(str, REQUIRED))["userid"])
    chat = GroupChat(world.new_id("wr"), owner)
    world.chats[chat.chat_id] = chat
    emit_chat(world, "create", chat)
    return {"chat_id": chat.chat_id}


def update(world, data, chat_id):
    """POST chats/<chat_id>/update {"detail", "members"?, "scene"?}: members, owner, name or notice change.

    ``members`` are the ids of those who came or went; ``scene`` tells how (wecom-api.md § 16.6).
    """
    values = read(data, detail=(str, REQUIRED), members=(list, []), scene=(int, 0))
    chat, detail = _find(world, chat_id), values["detail"]
    if detail not in DETAILS:
        raise ControlError(f"'detail' must be one of {', '.join(DETAILS)}")
    members = strings(values["members"], "members")
    if bool(members) != bool(DETAILS[detail]):
        raise ControlError("'members' names who came or went for add_member and del_member, and nobody else")
    extra = {"UpdateDetail": detail}
    if members:
        scene, highest = DETAILS[detail]
        extra[scene] = in_range(values["scene"], "scene", 0, highest)
        extra |= {"MemChangeCnt": len(members), "MemChangeList": {"Item": members}}
        extra["LastMemVer"] = chat.member_version
        chat.changes += 1
        extra["CurMemVer"] = chat.member_version
    emit_chat(world, "update", chat, **extra)
    return {"chat_id": chat_id}


def dismiss(world, data, chat_id):
    """POST chats/<chat_id>/dismiss: the group chat is no more."""
    read(data)
    emit_chat(world, "dismiss", _find(world, chat_id))
    del world.chats[chat_id]
    return {"chat_id": chat_id}


ROUTES = [
    ("POST", "/sandbox/chats", create),
    ("POST", "/sandbox/chats/<chat_id>/update", update),
    ("POST", "/sandbox/chats/<chat_id>/dismiss", dismiss),
]
