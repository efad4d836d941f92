"""Control surface: what an administrator does with corp tags in the console; each act is told as an event."""

from .checks import REQUIRED, ControlError, read, strings
from .events import TAG, TAG_GROUP, emit_shuffle, emit_tag
from .tags import NAME_LENGTH, Tag, create_group, create_tag, find_group, live_groups, live_tags, show_group


def list_tags(world, data):
    """GET tags: the groups with their tags, in the order of the console."""
    return {"tag_group": [show_group(group, live_tags(group)) for group in live_groups(world)]}


def add_tags(world, data):
    """POST tags {"group", "tags"}: what an administrator adds in the console, so the app may not edit it."""
    values = read(data, group=(str, REQUIRED), tags=(list, REQUIRED))
    names = list(dict.fromkeys(strings(values["tags"], "tags")))
    if not names:
        raise ControlError("'tags' takes at least one name")
    for name in [*names, values["group"]]:
        _check_name(name)
    group = find_group(world, values["group"])
    if group is None:
        group = create_group(world, values["group"])
        emit_tag(world, "create", group.id, TAG_GROUP)
    taken = {tag.name for tag in live_tags(group)}
    for name in names:
        if name not in taken:
            emit_tag(world, "create", create_tag(world, group, name).id, TAG)
    return show_group(group, live_tags(group))


def _check_name(name):
    if len(name) > NAME_LENGTH:
        raise ControlError(f"a name has at most {NAME_LENGTH} characters")


def _find(world, an_id):
    """The tag or group ``an_id`` that still exists; raises ControlError 404."""
    entry = world.tags.get(an_id) or world.tag_groups.get(an_id)
    if entry is None or entry.deleted:
        raise ControlError(f"there is no tag or group {an_id!r}", 404)
    return entry


def rename(world, data, an_id):
    """POST tags/<id>/rename {"name"}: a tag or a group; names stay unique among their like."""
    name = read(data, name=(str, REQUIRED))["name"]
    entry = _find(world, an_id)
    _check_name(name)
    is_tag = isinstance(entry, Tag)
    others = live_tags(entry.group) if is_tag else live_groups(world)
    if any(other is not entry and other.name == name for other in others):
        raise ControlError(f"the name {name!r} is taken")
    if name != entry.name:
        entry.name = name
        emit_tag(world, "update", entry.id, TAG if is_tag else TAG_GROUP)
    return {"id": entry.id, "name": name}


def delete(world, data, an_id):
    """POST tags/<id>/delete: a tag, or a group with its tags, which is one event; a group goes with its last tag."""
    read(data)
    entry = _find(world, an_id)
    entry.deleted = True
    if isinstance(entry, Tag):
        emit_tag(world, "delete", entry.id, TAG)
        if not live_tags(entry.group):
            entry.group.deleted = True
            emit_tag(world, "delete", entry.group.id, TAG_GROUP)
    else:
        for tag in entry.tags:
            tag.deleted = True
        emit_tag(world, "delete", entry.id, TAG_GROUP)
    return {"id": entry.id, "deleted": True}


def shuffle(world, data):
    """POST tags/shuffle {"group_id"?, "ids"?}: another order of a group's tags, of the groups without one.

    ``ids`` names all of them in their new order; a random one without.
    """
    values = read(data, group_id=(str, ""), ids=(list, None))
    entries = _tags_of_group(world, values["group_id"]) if values["group_id"] else live_groups(world)
    by_id = {entry.id: entry for entry in entries}
    if values["ids"] is None:
        ids = world.random.sample(list(by_id), len(by_id))
    else:
        ids = strings(values["ids"], "ids")
        if sorted(ids) != sorted(by_id):
            raise ControlError("'ids' must name all of them, each once")
    for place, an_id in enumerate(ids):
        by_id[an_id].order = len(ids) - place
    emit_shuffle(world, values["group_id"])
    return {"group_id": values["group_id"], "ids": ids}


def _tags_of_group(world, group_id):
    group = world.tag_groups.get(group_id)
    if group is None or group.deleted:
        raise ControlError(f"there is no group of tags {group_id!r}", 404)
    return live_tags(group)


ROUTES = [
    ("GET", "/sandbox/tags", list_tags),
    ("POST", "/sandbox/tags", add_tags),
    ("POST", "/sandbox/tags/<an_id>/rename", rename),
    ("POST", "/sandbox/tags/<an_id>/delete", delete),
    ("POST", "/sandbox/tags/shuffle", shuffle),
]
