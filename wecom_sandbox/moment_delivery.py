"""What becomes of a moment: members publish, customers see it or not, people react (wecom-api.md § 7, 18)."""

from dataclasses import dataclass, field

from .checks import ControlError
from .clock import midnight, month_start
from .media import MOMENT_ATTACHMENT, Media
from .sample_pictures import sample_picture
from .world import FULL, Member

WEEK = 7 * 86400
CORP_PER_MONTH = 4
PERSONAL_PER_DAY = {"2020": 1, "current": 3}  # by cap rule


@dataclass(slots=True)
class Publication:
    """One member's part of a moment.

    ``audience``: the external userids chosen when he published; ``viewers``: those who really can see it. ``likes``:
    times by actor; ``comments``: (time, actor, text). An actor is ``("external_userid", id)`` or ``("userid", id)``.
    """

    moment: object = field(repr=False)
    member: Member
    audience: list = field(default_factory=list)
    viewers: list = field(default_factory=list)
    published_at: int = 0
    ignored: bool = False
    likes: dict = field(default_factory=dict)
    comments: list = field(default_factory=list)

    @property
    def open(self):
        """Whether the member has not published and still can."""
        return not self.published_at and not self.moment.cancelled


@dataclass(slots=True)
class Moment:
    """One moment; ``creator`` is the member who made it, "" for one made through the API.

    ``tag_ids`` are the corp tags of those who may see it, None when all customers may. It exists from ``create_time``
    on, when its job has finished. ``publications`` by lower-case userid.
    """

    moment_id: str
    creator: str
    create_time: int
    content: dict
    tag_ids: frozenset | None = None
    partly_visible: bool = False
    cancelled: bool = False
    publications: dict = field(default_factory=dict)

    @property
    def create_type(self):
        """0 made by the corp, 1 by a member (wecom-api.md § 7.4)."""
        return 1 if self.creator else 0


def add_moment(world, moment, members):
    """Enter ``moment``, to be published by ``members``; its files stay as long as the sandbox runs."""
    for attachment in moment.content["attachments"]:
        part = attachment[attachment["msgtype"]]
        world.moment_files[part["media_id"]] = world.media[part["media_id"]]
        if attachment["msgtype"] == "video":
            part["thumb_media_id"] = keep_picture(world, len(world.moment_files))
    for member in members:
        publication = moment.publications[member.key] = Publication(moment, member)
        member.moment_tasks.append(publication)
    world.moments[moment.moment_id] = moment
    world.moment_list.append(moment)


def keep_picture(world, number, data=None):
    """Keep a picture of a moment, a sample when no ``data`` is given; returns its media id."""
    media_id = world.new_id("3") + world.new_id("")
    data = sample_picture(number) if data is None else data
    kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    media = Media(media_id, "image", MOMENT_ATTACHMENT, "picture", kind, data, world.clock.now())
    world.media[media_id] = world.moment_files[media_id] = media
    return media_id


def waiting_moments(world, member):
    """The publications that wait on a member's phone, oldest first; none for a member who left."""
    now = world.clock.now()
    if member.left:
        return []
    return [task for task in member.moment_tasks if task.open and not task.ignored and task.moment.create_time <= now]


def publish(world, publication, external_userids=None):
    """The member agrees: his customers (those with the tags asked for, or those named) are chosen, and most see it."""
    moment, now = publication.moment, world.clock.now()
    named = None if external_userids is None else set(external_userids)
    for follow in publication.member.follow_list:
        contact = follow.contact
        chosen = moment.tag_ids is None or moment.tag_ids.intersection(follow.tag_ids)
        if not follow.readable or not chosen or (named is not None and contact.external_userid not in named):
            continue
        publication.audience.append(contact.external_userid)
        if follow.relation == FULL and contact.not_interested_until <= now and not _capped(world, contact, moment, now):
            publication.viewers.append(contact.external_userid)
            if contact.feed is None:
                contact.feed = []
            contact.feed.append(publication)
    publication.published_at = now


def _capped(world, contact, moment, now):
    """Whether ``contact`` sees as many moments of this kind already as the rule allows, by month or day in Beijing."""
    rule = world.settings.moment_cap_rule
    if rule == "off" or not contact.feed:
        return False
    start, cap = (midnight(now), PERSONAL_PER_DAY[rule]) if moment.creator else (month_start(now), CORP_PER_MONTH)
    seen = {
        publication.moment.moment_id
        for publication in contact.feed
        if publication.published_at >= start and publication.moment.create_type == moment.create_type
    }
    return moment.moment_id not in seen and len(seen) >= cap


def post_own_moment(world, member, content, external_userids=None):
    """A member's own moment, seen at once by all his customers or by those named; returns its publication."""
    for external_userid in external_userids or ():
        contact = world.contacts.get(external_userid)
        if contact is None or member.key not in contact.follows:
            raise ControlError(f"{external_userid!r} is no customer of {member.userid!r}")
    moment = Moment(world.new_id("mom"), member.userid, world.clock.now(), content)
    moment.partly_visible = external_userids is not None
    add_moment(world, moment, [member])
    publication = moment.publications[member.key]
    publish(world, publication, external_userids)
    return publication


def delete_moment(world, moment):
    """It vanishes from every list and from the customers' phones."""
    del world.moments[moment.moment_id]


def feed(world, contact):
    """What ``contact`` can see now, the newest first; nothing within a week of his "not interested"."""
    if contact.not_interested_until > world.clock.now():
        return []
    return [
        publication
        for publication in reversed(contact.feed or ())
        if publication.moment.moment_id in world.moments
        and contact.follows[publication.member.key].relation == FULL
        and not publication.member.left
    ]


def not_interested(world, contact):
    """All moments of the corp are hidden from ``contact`` for a week; returns when it ends."""
    contact.not_interested_until = world.clock.now() + WEEK
    return contact.not_interested_until


def like(world, publication, actor, undo=False):
    """Like, once per actor, or take the like back."""
    if undo:
        publication.likes.pop(actor, None)
    else:
        publication.likes.setdefault(actor, world.clock.now())


def comment(world, publication, actor, text):
    """Comment; the text stays between the people, the API never shows it (wecom-api.md § 7.8)."""
    publication.comments.append((world.clock.now(), actor, text))
