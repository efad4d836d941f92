"""Who gets the task of a broadcast, and what happens when he confirms: the state machine of wecom-api.md § 6.1, 18."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from .checks import ControlError
from .clock import beijing, midnight, month_start
from .world import FULL, Member

PENDING, SENT, NOT_FRIEND, CAPPED = 0, 1, 2, 3
TASK_PENDING, TASK_SENT = 0, 2


@dataclass(slots=True)
class Task:
    """One member's part of a broadcast; ``results`` (one status per recipient) is empty until he has sent."""

    broadcast: object = field(repr=False)
    member: Member
    recipients: list
    results: bytes = b""
    status: int = TASK_PENDING
    send_time: int = 0
    ignored: bool = False
    reminded: int = 0

    @property
    def open(self):
        """Whether the member has not sent and still can."""
        return self.status == TASK_PENDING and not self.broadcast.cancelled


@dataclass(slots=True)
class Broadcast:
    """One broadcast; ``creator`` is the member who made it, in the console or for himself, "" for the API."""

    msgid: str
    creator: str
    create_time: int
    content: dict
    allow_select: bool = False
    personal: bool = False
    tasks: dict = field(default_factory=dict)
    cancelled: bool = False
    reminders: list = field(default_factory=list)

    @property
    def create_type(self):
        """0 created by the corp, 1 by a member (wecom-api.md § 6.5)."""
        return 1 if self.personal else 0

    @property
    def text(self):
        """The text, "" when there is none."""
        return self.content.get("text", {}).get("content", "")

    def results(self):
        """How many recipients have each status."""
        counts = Counter()
        for task in self.tasks.values():
            counts.update(task.results if task.results else {PENDING: len(task.recipients)})
        return {str(status): counts[status] for status in (PENDING, SENT, NOT_FRIEND, CAPPED)}


def assign(world, contact, sender=None):
    """The member who gets ``contact``: the follower with the latest chat, else the latest to add; None without one."""
    if sender is not None:
        follow = contact.follows.get(sender.key)
        return sender if follow is not None and follow.readable else None
    follows = world.readable_follows(contact)
    return max(follows, key=lambda follow: (follow.last_chat, follow.createtime)).member if follows else None


def add_broadcast(world, broadcast, assigned):
    """Enter ``broadcast`` with one task per member of ``assigned``, pairs of (external_userid, member)."""
    for external_userid, member in assigned:
        task = broadcast.tasks.get(member.key)
        if task is None:
            task = broadcast.tasks[member.key] = Task(broadcast, member, [])
            member.tasks.append(task)
        task.recipients.append(external_userid)
    world.broadcasts[broadcast.msgid] = broadcast
    world.broadcast_list.append(broadcast)


def cap_window(now, rule):
    """(start of the window in Unix seconds, broadcasts a customer may receive in it), in Beijing time."""
    if rule == "per_day":
        return midnight(now), 1
    if rule == "per_week":
        return midnight(now) - beijing(now).weekday() * 86400, 7
    start = month_start(now)
    if rule == "per_month":
        return start, 4
    next_month = (beijing(start) + timedelta(days=31)).replace(day=1)
    return start, (next_month - beijing(start)).days


def confirm(world, task, now=None):
    """The member sends: every recipient becomes sent, not a friend, or capped. Returns the counts by status."""
    now = world.clock.now() if now is None else now
    window_start, cap = cap_window(now, world.settings.cap_rule)
    key = task.member.key
    results = bytearray()
    for external_userid in task.recipients:
        contact = world.contacts[external_userid]
        if contact.follows[key].relation != FULL:
            results.append(NOT_FRIEND)
        elif sum(time >= window_start for time in contact.deliveries or ()) >= cap:
            results.append(CAPPED)
        else:
            results.append(SENT)
            deliver(contact, task.broadcast.content, task.member, now, task.broadcast.msgid)
    task.results, task.status, task.send_time = bytes(results), TASK_SENT, now
    return Counter(results)


def deliver(contact, content, member, now, msgid=None):
    """Put a message on the customer's phone; one with a ``msgid`` is a broadcast and counts for the caps."""
    if contact.inbox is None:
        contact.inbox = []
    contact.inbox.append((now, member, msgid, content))
    if msgid:
        if contact.deliveries is None:
            contact.deliveries = []
        contact.deliveries.append(now)


def is_dispatched(world, broadcast):
    """Whether the members have ``broadcast`` on their phones: one of the corp is handed out first (code 41063)."""
    return broadcast.personal or world.clock.now() >= broadcast.create_time + world.settings.dispatch_delay


def waiting_tasks(world, member):
    """The tasks on a member's phone, oldest first; none for a member who left."""
    if member.left:
        return []
    return [task for task in member.tasks if task.open and not task.ignored and is_dispatched(world, task.broadcast)]


def send_own_broadcast(world, member, external_userids, text, now=None):
    """A member's own broadcast (create_type 1), sent at once; returns the task. All his customers when no ids."""
    if external_userids is None:
        external_userids = [f.contact.external_userid for f in member.follow_list if f.relation == FULL]
    for external_userid in external_userids:
        contact = world.contacts.get(external_userid)
        if contact is None or member.key not in contact.follows:
            raise ControlError(f"{external_userid!r} is no customer of {member.userid!r}")
    if not external_userids:
        raise ControlError(f"{member.userid!r} has no customer to send to")
    content = {"text": {"content": text}, "attachments": []}
    created = world.clock.now() if now is None else now
    broadcast = Broadcast(world.new_id("msg"), member.userid, created, content, personal=True)
    add_broadcast(world, broadcast, [(external_userid, member) for external_userid in dict.fromkeys(external_userids)])
    return broadcast.tasks[member.key]


def make_corp_broadcast(world, creator, external_userids, content):
    """A broadcast made by ``creator`` in the console, or by another app without one (create_type 0); returns it.

    Its tasks wait on the members' phones. All customers when no ids.
    """
    for external_userid in external_userids or ():
        if external_userid not in world.contacts:
            raise ControlError(f"{external_userid!r} is no customer")
    chosen = world.contacts if external_userids is None else dict.fromkeys(external_userids)
    assigned = [
        (external_userid, member)
        for external_userid in chosen
        if (member := assign(world, world.contacts[external_userid])) is not None
    ]
    if not assigned:
        raise ControlError("nobody can be sent to")
    broadcast = Broadcast(world.new_id("msg"), creator.userid if creator else "", world.clock.now(), content)
    add_broadcast(world, broadcast, assigned)
    return broadcast
