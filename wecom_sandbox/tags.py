"""Corp tags (wecom-api.md § 5.1)."""

from dataclasses import dataclass, field

from .api import endpoint
from .envelope import ApiError, invalid

NAME_LENGTH = 30
TAGS_PER_CORP = 10_000
TAGS_PER_FOLLOW = 3000
LARGEST_ORDER = 2**32 - 1


@dataclass(slots=True)
class TagGroup:
    """A group of corp tags; ``by_app`` tells whether the calling app created it and may so change it."""

    id: str
    name: str
    create_time: int
    order: int
    by_app: bool
    deleted: bool = False
    tags: list = field(default_factory=list)


@dataclass(slots=True)
class Tag:
    """One corp tag of a group."""

    id: str
    name: str
    create_time: int
    order: int
    by_app: bool
    group: TagGroup
    deleted: bool = False


def live_tags(group):
    """The tags of ``group`` that are not deleted, larger order first."""
    return sorted((tag for tag in group.tags if not tag.deleted), key=lambda tag: -tag.order)


def live_groups(world):
    """The groups of tags that are not deleted, larger order first."""
    return sorted((g for g in world.tag_groups.values() if not g.deleted), key=lambda group: -group.order)


def find_group(world, name):
    """The live group called ``name``, or None."""
    return next((g for g in world.tag_groups.values() if g.name == name and not g.deleted), None)


def create_group(world, name, order=0, by_app=False, created=None):
    """Add an empty group, made now or at the Unix time ``created``; the caller fills it."""
    group = TagGroup(world.new_id("et"), name, created or world.clock.now(), order, by_app)
    world.tag_groups[group.id] = group
    return group


def create_tag(world, group, name, order=0, by_app=False, created=None):
    """Add a tag to ``group``, made now or at the Unix time ``created``."""
    tag = Tag(world.new_id("et"), name, created or world.clock.now(), order, by_app, group)
    group.tags.append(tag)
    world.tags[tag.id] = tag
    return tag


def show_tag(tag, with_deleted=False):
    """A tag as the API shows it."""
    shown = {"id": tag.id, "name": tag.name, "create_time": tag.create_time, "order": tag.order}
    return {**shown, "deleted": tag.deleted} if with_deleted else shown


def show_group(group, tags, deleted_groups=False, deleted_tags=False):
    """A group as the API shows it, with ``tags``; ``deleted`` members only where § 5.1 has them."""
    shown = {
        "group_id": group.id,
        "group_name": group.name,
        "create_time": group.create_time,
        "order": group.order,
        "tag": [show_tag(tag, deleted_tags) for tag in tags],
    }
    return {**shown, "deleted": group.deleted} if deleted_groups else shown


@endpoint("/cgi-bin/externalcontact/get_corp_tag_list", "POST", empty={"tag_group": []})
def get_corp_tag_list(call):
    """wecom-api.md § 5.1: all, or some groups, or some tags; with both filters tag_id is ignored."""
    world = call.world
    group_ids, tag_ids = call.strings("group_id"), call.strings("tag_id")
    if group_ids:
        groups = [world.tag_groups.get(group_id) for group_id in dict.fromkeys(group_ids)]
        if None in groups:
            raise ApiError(40068)
        return {"tag_group": [show_group(group, group.tags, deleted_tags=True) for group in groups]}
    if tag_ids:
        tags = [world.tags.get(tag_id) for tag_id in dict.fromkeys(tag_ids)]
        if None in tags:
            raise ApiError(40068)
        groups = {tag.group.id: tag.group for tag in tags}.values()
        return {
            "tag_group": [
                show_group(group, [tag for tag in tags if tag.group is group], deleted_groups=True, deleted_tags=True)
                for group in groups
            ]
        }
    return {"tag_group": [show_group(group, live_tags(group)) for group in live_groups(world)]}


def _order(call, data=None):
    order = call.integer("order", data) or 0
    if not 0 <= order <= LARGEST_ORDER:
        raise invalid("order out of range")
    return order


def _checked_name(name):
    if len(name) > NAME_LENGTH:
        raise ApiError(40072)
    return name


@endpoint("/cgi-bin/externalcontact/add_corp_tag", "POST", empty={"tag_group": {}})
def add_corp_tag(call):
    """wecom-api.md § 5.1: creates tags, and their group when there is none of that id or name."""
    world = call.world
    wanted = {}
    for entry in call.objects("tag"):
        wanted.setdefault(_checked_name(call.text("name", entry, missing=41018)), _order(call, entry))
    if not wanted:
        raise ApiError(40063, "tag")
    group_id, group_name, group_order = call.text("group_id"), call.text("group_name"), _order(call)
    group = _group_to_fill(world, group_id, group_name)
    if group and {tag.name for tag in live_tags(group)} & set(wanted):
        raise ApiError(40071)
    if sum(not tag.deleted for tag in world.tags.values()) + len(wanted) > TAGS_PER_CORP:
        raise ApiError(40126)
    if group is None:
        group = create_group(world, group_name, group_order, by_app=True)
    created = [create_tag(world, group, name, order, by_app=True) for name, order in wanted.items()]
    return {"tag_group": show_group(group, created)}


def _group_to_fill(world, group_id, group_name):
    """The existing group a new tag goes to, None when one has to be made."""
    if group_id:
        group = world.tag_groups.get(group_id)
        if group is None or group.deleted:
            raise ApiError(40068)
        return group
    if not group_name:
        raise ApiError(40063, "group_id or group_name")
    return find_group(world, _checked_name(group_name))


def _own(world, an_id, table):
    """The live entry ``an_id`` of ``table``, created by this app; raises ApiError 40068 or 60011."""
    entry = table.get(an_id)
    if entry is None or entry.deleted:
        raise ApiError(40068)
    if not entry.by_app:
        raise ApiError(60011)
    return entry


@endpoint("/cgi-bin/externalcontact/edit_corp_tag", "POST")
def edit_corp_tag(call):
    """wecom-api.md § 5.1: name and order of a tag or a group of this app; names stay unique."""
    world = call.world
    an_id = call.text("id", missing=41017)
    name = _checked_name(call.text("name"))
    order = _order(call)
    entry = _own(world, an_id, world.tags if an_id in world.tags else world.tag_groups)
    if name and name != entry.name:
        siblings = live_tags(entry.group) if isinstance(entry, Tag) else [find_group(world, name)]
        if any(sibling is not None and sibling.name == name for sibling in siblings):
            raise ApiError(40071)
        entry.name = name
    if call.body.get("order") is not None:
        entry.order = order
    return {}


@endpoint("/cgi-bin/externalcontact/del_corp_tag", "POST")
def del_corp_tag(call):
    """wecom-api.md § 5.1: a group goes with its tags, and with the last of its tags."""
    world = call.world
    tag_ids, group_ids = call.strings("tag_id"), call.strings("group_id")
    if not tag_ids and not group_ids:
        raise ApiError(41017)
    tags = [_own(world, tag_id, world.tags) for tag_id in tag_ids]
    groups = [_own(world, group_id, world.tag_groups) for group_id in group_ids]
    tags += [tag for group in groups for tag in group.tags]
    for tag in tags:
        tag.deleted = True
    for group in [*groups, *(tag.group for tag in tags)]:
        group.deleted = not live_tags(group)
    return {}


@endpoint("/cgi-bin/externalcontact/mark_tag", "POST")
def mark_tag(call):
    """wecom-api.md § 5.1: put tags on, and take tags off, one member's customer."""
    world = call.world
    follow = call.follow(call.text("userid"), call.text("external_userid"))
    add, remove = call.strings("add_tag"), call.strings("remove_tag")
    if not add and not remove:
        raise ApiError(41017)
    if any(tag_id not in world.tags or world.tags[tag_id].deleted for tag_id in [*add, *remove]):
        raise ApiError(40068)
    removed = set(remove)
    kept = [tag_id for tag_id in follow.tag_ids if tag_id not in removed and not world.tags[tag_id].deleted]
    tag_ids = tuple(dict.fromkeys([*kept, *add]))
    if len(tag_ids) > TAGS_PER_FOLLOW:
        raise invalid(f"more than {TAGS_PER_FOLLOW} tags")
    follow.tag_ids = tag_ids
    return {}
