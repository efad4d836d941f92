"""Control surface: moments on the phones of members and customers, and the sandbox's own book of them."""

import base64
import binascii

from .checks import REQUIRED, ControlError, in_range, read, strings
from .control_people import employed_member, find_customer
from .media import image_type
from .moment_content import LINK_TITLE_LENGTH, LINK_URL_BYTES, PICTURES, TEXT_BYTES, TEXT_LENGTH
from .moment_delivery import (
    comment,
    delete_moment,
    feed,
    keep_picture,
    like,
    not_interested,
    post_own_moment,
    publish,
    waiting_moments,
)

MOST_SHOWN = 30


def find_moment(world, moment_id):
    """The moment ``moment_id``; raises ControlError 404."""
    if moment_id not in world.moments or world.moments[moment_id].create_time > world.clock.now():
        raise ControlError(f"there is no moment {moment_id!r}", 404)
    return world.moments[moment_id]


def _publication(world, moment_id, userid):
    """What ``userid`` published of the moment; raises ControlError."""
    publication = find_moment(world, moment_id).publications.get(employed_member(world, userid).key)
    if publication is None or not publication.published_at:
        raise ControlError(f"{userid!r} has not published {moment_id!r}")
    return publication


def _people(world, publication):
    """Likes and comments with the names of who made them."""

    def name(actor):
        kind, one = actor
        return world.contacts[one].name if kind == "external_userid" else world.members[one.lower()].name

    likes = [{actor[0]: actor[1], "name": name(actor), "time": time} for actor, time in publication.likes.items()]
    comments = [
        {actor[0]: actor[1], "name": name(actor), "time": time, "text": text}
        for time, actor, text in publication.comments
    ]
    return {"likes": likes, "comments": comments}


def _show_content(moment):
    return {"moment_id": moment.moment_id, "create_type": moment.create_type, **moment.content}


def _show_publication(world, publication):
    return {
        **_show_content(publication.moment),
        "userid": publication.member.userid,
        "member": publication.member.name,
        "published_at": publication.published_at,
        **_people(world, publication),
    }


# Members


def member_moments(world, data, userid):
    """GET members/<userid>/moments: what waits for his consent, what he published, and the app's messages to him."""
    member = employed_member(world, userid)
    waiting = [
        {
            **_show_content(task.moment),
            "create_time": task.moment.create_time,
            "partly_visible": task.moment.partly_visible,
        }
        for task in waiting_moments(world, member)
    ]
    published = [task for task in member.moment_tasks if task.published_at and task.moment.moment_id in world.moments]
    newest = sorted(published, key=lambda task: task.published_at)[: -MOST_SHOWN - 1 : -1]
    return {
        "userid": member.userid,
        "name": member.name,
        "waiting": waiting,
        "published": [
            {**_show_publication(world, task), "audience": len(task.audience), "viewers": len(task.viewers)}
            for task in newest
        ],
        "notices": member.notices[: -MOST_SHOWN - 1 : -1],
    }


def _waiting(world, userid, data):
    member = employed_member(world, userid)
    moment = find_moment(world, read(data, moment_id=(str, REQUIRED))["moment_id"])
    publication = moment.publications.get(member.key)
    if publication is None or not publication.open:
        raise ControlError(f"{moment.moment_id!r} does not wait for {member.userid!r}")
    return publication


def _totals(publications):
    return {
        "published": len(publications),
        "audience": sum(len(publication.audience) for publication in publications),
        "viewers": sum(len(publication.viewers) for publication in publications),
    }


def _publish_all(world, publications):
    for publication in publications:
        publish(world, publication)
    return _totals(publications)


def publish_one(world, data, userid):
    """POST members/<userid>/publish {"moment_id"}: also one he put aside before."""
    return _publish_all(world, [_waiting(world, userid, data)])


def publish_all(world, data, userid):
    """POST members/<userid>/publish_all: everything that waits."""
    read(data)
    return _publish_all(world, waiting_moments(world, employed_member(world, userid)))


def everyone_publishes(world, data):
    """POST members/publish_all {"except": [userids]}: every member but those."""
    excepted = {userid.lower() for userid in strings(read(data, **{"except": (list, [])})["except"], "except")}
    for userid in excepted:
        employed_member(world, userid)
    members = [member for key, member in world.members.items() if key not in excepted]
    return _publish_all(world, [task for member in members for task in waiting_moments(world, member)])


def put_aside(world, data, userid):
    """POST members/<userid>/ignore_moment {"moment_id"}: off his phone; unpublished for the API."""
    publication = _waiting(world, userid, data)
    publication.ignored = True
    return {"moment_id": publication.moment.moment_id, "ignored": True}


def own_moment(world, data, userid):
    """POST members/<userid>/moment {"text", "pictures", "sample_pictures" or "link", …}: his own, seen at once."""
    values = read(
        data,
        text=(str, ""),
        pictures=(list, []),
        sample_pictures=(int, 0),
        link=(dict, None),
        location=(dict, None),
        external_userids=(list, None),
    )
    member = employed_member(world, userid)
    if len(values["text"]) > TEXT_LENGTH or len(values["text"].encode()) > TEXT_BYTES:
        raise ControlError(f"'text' has more than {TEXT_LENGTH} characters or {TEXT_BYTES} bytes")
    if values["external_userids"] is not None:
        strings(values["external_userids"], "external_userids")
    pictures = [_picture(encoded) for encoded in strings(values["pictures"], "pictures")]
    pictures += [None] * in_range(values["sample_pictures"], "sample_pictures", 0, PICTURES)
    link = _read_link(values["link"]) if values["link"] else None
    if len(pictures) > PICTURES or (pictures and link):
        raise ControlError(f"a moment takes up to {PICTURES} pictures, or one link")
    if not values["text"].strip() and not pictures and not link:
        raise ControlError("a moment needs a text, a picture or a link")
    content = {"text": {"content": values["text"]}} if values["text"].strip() else {}
    if values["location"]:
        content["location"] = _read_location(values["location"])
    content["attachments"] = _attachments(world, pictures, link)
    return _show_publication(world, post_own_moment(world, member, content, values["external_userids"]))


def _attachments(world, pictures, link):
    number = len(world.moment_list)
    if link:
        return [{"msgtype": "link", "link": {**link, "media_id": keep_picture(world, number)}}]
    kept = [keep_picture(world, number + place, data) for place, data in enumerate(pictures)]
    return [{"msgtype": "image", "image": {"media_id": media_id}} for media_id in kept]


def _picture(encoded):
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ControlError("'pictures' must hold base64 text") from error
    if image_type(data) is None:
        raise ControlError("'pictures' must hold JPG or PNG files")
    return data


def _read_link(data):
    values = read(data, title=(str, ""), url=(str, REQUIRED))
    if len(values["title"]) > LINK_TITLE_LENGTH or len(values["url"].encode()) > LINK_URL_BYTES:
        raise ControlError("the title or the url of the link is too long")
    return values


def _read_location(data):
    return read(data, latitude=(str, REQUIRED), longitude=(str, REQUIRED), name=(str, ""))


def delete_own_moment(world, data, userid):
    """POST members/<userid>/delete_moment {"moment_id"}: his own moment vanishes everywhere."""
    member = employed_member(world, userid)
    moment = find_moment(world, read(data, moment_id=(str, REQUIRED))["moment_id"])
    if moment.creator != member.userid:
        raise ControlError(f"{moment.moment_id!r} is no moment of {member.userid!r}'s own")
    delete_moment(world, moment)
    return {"moment_id": moment.moment_id, "deleted": True}


def member_likes(world, data, userid):
    """POST members/<userid>/like_moment {"moment_id", "undo"?}: under his own publication."""
    values = read(data, moment_id=(str, REQUIRED), undo=(bool, False))
    publication = _publication(world, values["moment_id"], userid)
    like(world, publication, ("userid", publication.member.userid), values["undo"])
    return _show_publication(world, publication)


def member_comments(world, data, userid):
    """POST members/<userid>/comment_moment {"moment_id", "text"}: under his own publication."""
    values = read(data, moment_id=(str, REQUIRED), text=(str, REQUIRED))
    publication = _publication(world, values["moment_id"], userid)
    comment(world, publication, ("userid", publication.member.userid), values["text"])
    return _show_publication(world, publication)


# Customers


def customer_moments(world, data, external_userid):
    """GET customers/<external_userid>/moments: what he sees, the newest first, and until when he wants none."""
    contact = find_customer(world, external_userid)
    return {
        "name": contact.name,
        "not_interested_until": contact.not_interested_until,
        "moments": [_show_publication(world, publication) for publication in feed(world, contact)[:MOST_SHOWN]],
    }


def _seen(world, contact, moment_id, userid):
    """The publication if ``contact`` sees it; raises ControlError."""
    publication = _publication(world, moment_id, userid)
    if publication not in feed(world, contact):
        raise ControlError(f"{contact.external_userid!r} does not see {moment_id!r} of {userid!r}")
    return publication


def customer_likes(world, data, external_userid):
    """POST customers/<external_userid>/like {"moment_id", "userid", "undo"?}."""
    values = read(data, moment_id=(str, REQUIRED), userid=(str, REQUIRED), undo=(bool, False))
    publication = _seen(world, find_customer(world, external_userid), values["moment_id"], values["userid"])
    like(world, publication, ("external_userid", external_userid), values["undo"])
    return _show_publication(world, publication)


def customer_comments(world, data, external_userid):
    """POST customers/<external_userid>/comment {"moment_id", "userid", "text"}."""
    values = read(data, moment_id=(str, REQUIRED), userid=(str, REQUIRED), text=(str, REQUIRED))
    publication = _seen(world, find_customer(world, external_userid), values["moment_id"], values["userid"])
    comment(world, publication, ("external_userid", external_userid), values["text"])
    return _show_publication(world, publication)


def customer_not_interested(world, data, external_userid):
    """POST customers/<external_userid>/not_interested: no moments of this company for a week."""
    read(data)
    return {"not_interested_until": not_interested(world, find_customer(world, external_userid))}


# The book


def moments(world, data):
    """GET moments: the sandbox's own book, oldest first."""
    now = world.clock.now()
    kept = (moment for moment in world.moment_list if moment.moment_id in world.moments and moment.create_time <= now)
    return {"moments": [_show_moment(moment) for moment in kept]}


def _show_moment(moment):
    return {
        **_show_content(moment),
        "create_time": moment.create_time,
        "partly_visible": moment.partly_visible,
        "cancelled": moment.cancelled,
        "publications": [
            {
                "userid": publication.member.userid,
                "published_at": publication.published_at,
                "audience": len(publication.audience),
                "viewers": len(publication.viewers),
                "likes": len(publication.likes),
                "comments": len(publication.comments),
            }
            for publication in moment.publications.values()
        ],
    }


ROUTES = [
    ("GET", "/sandbox/members/<userid>/moments", member_moments),
    ("POST", "/sandbox/members/<userid>/publish", publish_one),
    ("POST", "/sandbox/members/<userid>/publish_all", publish_all),
    ("POST", "/sandbox/members/publish_all", everyone_publishes),
    ("POST", "/sandbox/members/<userid>/ignore_moment", put_aside),
    ("POST", "/sandbox/members/<userid>/moment", own_moment),
    ("POST", "/sandbox/members/<userid>/delete_moment", delete_own_moment),
    ("POST", "/sandbox/members/<userid>/like_moment", member_likes),
    ("POST", "/sandbox/members/<userid>/comment_moment", member_comments),
    ("GET", "/sandbox/customers/<external_userid>/moments", customer_moments),
    ("POST", "/sandbox/customers/<external_userid>/like", customer_likes),
    ("POST", "/sandbox/customers/<external_userid>/comment", customer_comments),
    ("POST", "/sandbox/customers/<external_userid>/not_interested", customer_not_interested),
    ("GET", "/sandbox/moments", moments),
]
