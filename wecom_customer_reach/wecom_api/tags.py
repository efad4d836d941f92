"""Corp tags. Source: wecom-api.md § 5.1."""

from collections.abc import Sequence
from typing import Any

from .client import WeComClient
from .content import ensure_valid, no_control_characters, too_long_in_characters
from .errors import Problem
from .limits import ORDER_END, TAG_NAME_CHARACTERS
from .retry import CallKind
from .translate import _

_LIST = "/cgi-bin/externalcontact/get_corp_tag_list"
_ADD = "/cgi-bin/externalcontact/add_corp_tag"
_EDIT = "/cgi-bin/externalcontact/edit_corp_tag"
_DELETE = "/cgi-bin/externalcontact/del_corp_tag"
_MARK = "/cgi-bin/externalcontact/mark_tag"


def get_corp_tags(
    client: WeComClient, tag_ids: Sequence[str] | None = None, group_ids: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Return tag groups with their tags: those named, or all. WeCom ignores ``tag_ids`` when ``group_ids`` is given."""
    body: dict[str, Any] = {}
    if tag_ids:
        body["tag_id"] = list(tag_ids)
    if group_ids:
        body["group_id"] = list(group_ids)
    return client.call("POST", _LIST, kind=CallKind.READ, body=body).get("tag_group") or []


def add_corp_tags(
    client: WeComClient,
    tags: Sequence[dict[str, Any]],
    *,
    group_id: str | None = None,
    group_name: str | None = None,
    order: int | None = None,
) -> dict[str, Any]:
    """Create ``tags`` (``{"name": …, "order": …}``) in a group and return the group with the new tags only.

    ``group_id`` names an existing group; otherwise ``group_name`` creates one, or adds to the group of that name, and
    ``order`` places it. Raises PayloadInvalid before any call; a lost answer raises OutcomeUnknown.
    """
    problems = []
    if not tags:
        problems.append(Problem("tag", _("Give at least one tag: WeCom keeps no empty tag groups.")))
    for index, tag in enumerate(tags):
        problems += _name_problems(f"tag[{index}].name", tag.get("name") or "")
        problems += _order_problems(f"tag[{index}].order", tag.get("order"))
    body: dict[str, Any] = {"tag": [dict(tag) for tag in tags]}
    if group_id:
        body["group_id"] = group_id
    else:
        problems += _name_problems("group_name", group_name or "") + _order_problems("order", order)
        body["group_name"] = group_name
        if order is not None:
            body["order"] = order
    ensure_valid(problems, _ADD)
    return client.call("POST", _ADD, kind=CallKind.CREATE, body=body).get("tag_group") or {}


def edit_corp_tag(
    client: WeComClient, tag_or_group_id: str, *, name: str | None = None, order: int | None = None
) -> None:
    """Rename or reorder one tag or tag group that this app created. Raises Conflict (40071) when the name is taken."""
    problems = _order_problems("order", order)
    body: dict[str, Any] = {"id": tag_or_group_id}
    if name is not None:
        problems += _name_problems("name", name)
        body["name"] = name
    if order is not None:
        body["order"] = order
    ensure_valid(problems, _EDIT)
    client.call("POST", _EDIT, kind=CallKind.WRITE, body=body)


def delete_corp_tags(client: WeComClient, *, tag_ids: Sequence[str] = (), group_ids: Sequence[str] = ()) -> None:
    """Delete tags and whole groups that this app created. Deleting the last tag of a group deletes the group."""
    if not tag_ids and not group_ids:
        ensure_valid([Problem("tag_id", _("Name at least one tag or tag group to delete."))], _DELETE)
    body = {key: list(ids) for key, ids in (("tag_id", tag_ids), ("group_id", group_ids)) if ids}
    client.call("POST", _DELETE, kind=CallKind.WRITE, body=body)


def mark_tags(
    client: WeComClient, userid: str, external_userid: str, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> None:
    """Add and remove corp tags of one customer in the name of the member who follows him."""
    if not add and not remove:
        ensure_valid([Problem("add_tag", _("Name at least one tag to add or to remove."))], _MARK)
    body: dict[str, Any] = {"userid": userid, "external_userid": external_userid}
    body |= {key: list(ids) for key, ids in (("add_tag", add), ("remove_tag", remove)) if ids}
    client.call("POST", _MARK, kind=CallKind.WRITE, body=body)


def _name_problems(field: str, name: str) -> list[Problem]:
    if not name.strip():
        return [Problem(field, _("Give a name."))]
    message = _("Shorten the name to %(limit)s characters; it has %(actual)s.")
    return too_long_in_characters(field, name, TAG_NAME_CHARACTERS, message) + no_control_characters(field, name)


def _order_problems(field: str, order: int | None) -> list[Problem]:
    if order is None or 0 <= order < ORDER_END:
        return []
    return [Problem(field, _("Use an order from 0 to %(limit)s instead of %(actual)s."), ORDER_END - 1, order)]
