"""The state of the sandbox: one corp, its people, what was sent to them, its media. One lock, one clock."""

import random
import threading
from collections import Counter
from dataclasses import dataclass, field

from .call_log import CallLog
from .checks import ControlError
from .clock import Clock
from .cursors import Cursors
from .event_delivery import EventLog, EventSender
from .faults import Faults
from .limits import RateLimits
from .settings import Settings
from .tokens import Tokens

FULL, HALF, DELETED_BY_MEMBER, DELETED_BY_CUSTOMER = "full", "half", "deleted_by_member", "deleted_by_customer"
RELATIONS = (FULL, HALF, DELETED_BY_MEMBER, DELETED_BY_CUSTOMER)
WECHAT_USER, WECOM_USER = 1, 2


@dataclass(frozen=True)
class Credentials:
    """What a customer copies from the admin console into his system; these open this sandbox only."""

    corp_id: str = "ww51a7d0b0c5e4f392"
    agent_id: int = 1000002
    secret: str = "sandbox-secret-Zt5QwL0nE7vYb2RkX9cUa1Hd4Fs"
    token: str = "SandboxToken2026"
    encoding_aes_key: str = "Zu7mPq3XcR9tYb1LwKd5VgHj8NsAe2Fo4TiUx6QzB0C"


@dataclass(slots=True)
class Member:
    """An employee; ``follow_list`` only ever grows, so that page positions in it stay good."""

    userid: str
    name: str
    department: int = 1
    position: str = ""
    mobile: str = ""
    email: str = ""
    left: bool = False
    left_at: int = 0
    follow_list: list = field(default_factory=list)
    tasks: list = field(default_factory=list)
    moment_tasks: list = field(default_factory=list)
    notices: list = field(default_factory=list)

    @property
    def key(self):
        """The userid as dictionaries know it: userids are case-insensitive (wecom-api.md § 1.4)."""
        return self.userid.lower()


@dataclass(slots=True)
class Contact:
    """An external contact; ``follows`` by lower-case userid; ``inbox``, ``deliveries`` and ``feed`` come with use."""

    external_userid: str
    name: str
    kind: int = WECHAT_USER
    gender: int = 0
    unionid: str | None = None
    corp_name: str = ""
    follows: dict = field(default_factory=dict)
    inbox: list | None = None
    deliveries: list | None = None
    feed: list | None = None
    not_interested_until: int = 0


@dataclass(slots=True)
class Follow:
    """The relation of one member to one contact; ``mobiles`` and ``tag_ids`` are tuples."""

    member: Member
    contact: Contact
    createtime: int
    relation: str = FULL
    last_chat: int = 0
    remark: str = ""
    description: str = ""
    company: str = ""
    mobiles: tuple = ()
    tag_ids: tuple = ()
    add_way: int = 1
    state: str = ""
    private_tags: tuple = ()
    welcomed_at: int = 0

    @property
    def readable(self):
        """Whether the API shows this relation: the customer's own deletion leaves it readable (§ 2.3, code 84061)."""
        return self.relation in (FULL, DELETED_BY_CUSTOMER)


class World:
    """Everything; take ``lock`` around every look and every change."""

    def __init__(self, scenario, seed, sender=None):
        self.lock = threading.RLock()
        self.clock = Clock()
        self.credentials = Credentials()
        self.settings = Settings()
        self.cursors = Cursors()
        self.tokens = Tokens()
        self.limits = RateLimits()
        self.calls = CallLog()
        self.faults = Faults(seed)
        self.scenario = scenario
        self.seed = seed
        self.random = random.Random(seed)
        self.departments = {
            1: {"id": 1, "name": "公司", "name_en": "", "department_leader": [], "parentid": 0, "order": 0}
        }
        self.members = {}
        self.contacts = {}
        self.tag_groups = {}
        self.tags = {}
        self.broadcasts = {}
        self.broadcast_list = []
        self.moments = {}
        self.moment_list = []
        self.moment_jobs = {}
        self.moment_files = {}
        self.media = {}
        self.pictures = {}
        self.welcome_codes = {}
        self.chats = {}
        self.customer_list = []
        self.sender = sender or EventSender(seed=seed)
        self.events = EventLog()
        self.add_department(1, "公司", parent=0)

    def add_department(self, number, name, parent, order=0):
        """Add a department; the root has the number 1 and the parent 0."""
        self.departments[number] = {
            "id": number,
            "name": name,
            "name_en": "",
            "department_leader": [],
            "parentid": parent,
            "order": order,
        }

    def new_id(self, prefix):
        """A fresh id with ``prefix``, reproducible for the seed."""
        return f"{prefix}{self.random.getrandbits(120):030x}"

    # members

    def add_member(self, userid, name, department=1, position="", mobile="", email=""):
        """Add a member; raises ControlError when the userid is bad or taken."""
        if userid.lower() in self.members:
            raise ControlError(f"there is a member {userid!r} already")
        member = self.members[userid.lower()] = Member(userid, name, department, position, mobile, email)
        return member

    def is_visible(self, member):
        """Whether ``member`` is employed and inside the app's visible range."""
        visible = self.settings.visible_lower
        return not member.left and (visible is None or member.key in visible)

    def visible_members(self):
        """The members the app sees, in order of their arrival."""
        return [member for member in self.members.values() if self.is_visible(member)]

    def serves(self, member):
        """Whether the app sees ``member`` and he is inside the usage range of customer contact (wecom-api.md § 1.5)."""
        usage = self.settings.usage_lower
        return self.is_visible(member) and (usage is None or member.key in usage)

    def serving_members(self):
        """The members whose customers the app sees, in order of their arrival."""
        return [member for member in self.members.values() if self.serves(member)]

    # contacts

    def add_contact(self, contact):
        """Add ``contact``; raises ControlError when its id is taken."""
        if contact.external_userid in self.contacts:
            raise ControlError(f"there is a customer {contact.external_userid!r} already")
        self.contacts[contact.external_userid] = contact
        return contact

    def add_follow(self, follow):
        """Enter ``follow`` with its member and its contact, once per pair."""
        if follow.member.key in follow.contact.follows:
            raise ControlError(f"{follow.member.userid!r} follows {follow.contact.external_userid!r} already")
        follow.contact.follows[follow.member.key] = follow
        follow.member.follow_list.append(follow)
        return follow

    def readable_follows(self, contact):
        """The follows of ``contact`` that the app sees."""
        return [follow for follow in contact.follows.values() if follow.readable and self.serves(follow.member)]

    def summary(self):
        """The counts the control surface shows as state."""
        relations = Counter(
            follow.relation for contact in self.contacts.values() for follow in contact.follows.values()
        )
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "now": self.clock.now(),
            "members": sum(not member.left for member in self.members.values()),
            "customers": len(self.contacts),
            "follows": relations[FULL] + relations[DELETED_BY_CUSTOMER],
            "relations": {relation: relations[relation] for relation in RELATIONS},
            "broadcasts": len(self.broadcasts),
            "moments": len(self.moments),
            "settings": self.settings.as_dict(),
        }
