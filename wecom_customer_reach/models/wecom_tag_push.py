from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ..wecom_api import tags
from ..wecom_api.errors import Conflict, OutcomeUnknown, PermissionDenied
from ..wecom_api.limits import TAG_NAME_CHARACTERS

MADE_ELSEWHERE_HELP = "Another app or a person in WeCom made it, and only there it can be changed."


class WecomTagPushed(models.AbstractModel):
    """What tags and their groups share: a user's change is made in WeCom first, and here when WeCom took it.

    Superuser writes, such as the synchronisation's, hold what WeCom has already and call nothing.
    """

    _name = "wecom.tag.pushed"
    _description = "WeCom Tag or Tag Group, Changed in WeCom First"
    _user_fields = ("name", "sequence")

    made_elsewhere = fields.Boolean(readonly=True, copy=False, help=MADE_ELSEWHERE_HELP)

    def write(self, vals):
        if self.env.su:
            return super().write(vals)
        self.check_access("write")
        self._check_user_fields(vals)
        if "name" in vals:
            vals = {**vals, "name": self._checked_name(vals["name"])}
        for record in self:
            record._push_change(vals)
        return self.sudo().write(vals)

    @api.model
    def _check_user_fields(self, vals):
        if forbidden := sorted(vals.keys() - set(self._user_fields)):
            raise AccessError(self.env._("WeCom decides on this, it cannot be set here: %s", ", ".join(forbidden)))

    @api.model
    def _checked_name(self, name):
        """Return the name without outer blanks; raises ValidationError when WeCom would refuse it (§ 5.1)."""
        name = (name or "").strip()
        if not name:
            raise ValidationError(self.env._("Give a name."))
        if len(name) > TAG_NAME_CHARACTERS:
            raise ValidationError(
                self.env._(
                    "Shorten the name to %(limit)s characters; it has %(actual)s.",
                    limit=TAG_NAME_CHARACTERS,
                    actual=len(name),
                )
            )
        return name

    def _push_change(self, vals):
        """Rename or reorder this record in WeCom, when that changes anything."""
        self.ensure_one()
        changes = {
            argument: vals[name]
            for name, argument in (("name", "name"), ("sequence", "order"))
            if name in vals and vals[name] != self[name]
        }
        if not changes:
            return
        self._check_made_here()
        with self.corp_id._calling() as client:
            try:
                tags.edit_corp_tag(client, self.external_id, **changes)
            except PermissionDenied:
                self._learn_made_elsewhere()
                raise

    def _check_made_here(self):
        if elsewhere := self.filtered("made_elsewhere"):
            raise UserError(
                self.env._(
                    "Another app made %s in WeCom: rename or delete it there. It can be put on customers all the same.",
                    ", ".join(elsewhere.mapped("display_name")),
                )
            )

    def _learn_made_elsewhere(self):
        """Keep what the refusal told, although it undoes this transaction: written when that has ended."""
        registry, table, ids = self.env.registry, SQL.identifier(self._table), self.ids

        @self.env.cr.postrollback.add
        def learn():
            with registry.cursor() as cr:
                cr.execute(SQL("UPDATE %s SET made_elsewhere = TRUE WHERE id = ANY(%s)", table, ids))


class WecomTagGroup(models.Model):
    _name = "wecom.tag.group"
    _inherit = ["wecom.tag.group", "wecom.tag.pushed"]

    corp_id = fields.Many2one(default=lambda self: self.env.company.wecom_corp_id)

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.su:
            return super().create(vals_list)
        self.check_access("create")
        return self.union(*(self._create_in_wecom(vals) for vals in vals_list))

    def write(self, vals):
        if self.env.su or "tag_ids" not in vals:
            return super().write(vals)
        self.ensure_one()
        lines = vals["tag_ids"]
        done = super().write({name: value for name, value in vals.items() if name != "tag_ids"})
        if {command for command, *_line in lines} - {fields.Command.CREATE, fields.Command.UPDATE}:
            raise AccessError(self.env._("Tags cannot be moved to another group. Delete the tag, or make a new one."))
        for command, tag_id, values in lines:
            if command == fields.Command.UPDATE:
                self.tag_ids.browse(tag_id).write(values)
        self.tag_ids.create(
            [{**values, "group_id": self.id} for command, _id, values in lines if command == fields.Command.CREATE]
        )
        return done

    @api.model
    def _create_in_wecom(self, vals):
        """Create one group with its first tags: WeCom keeps no empty group (wecom-api.md § 5.1)."""
        corp = self.env["wecom.corp"].browse(vals.get("corp_id")) or self.env.company.wecom_corp_id
        corp.check_access("read")
        self._check_user_fields({key: vals[key] for key in vals if key not in ("corp_id", "tag_ids")})
        tag_values = [values for command, _id, values in vals.get("tag_ids") or [] if command == fields.Command.CREATE]
        if not corp or not tag_values:
            raise ValidationError(self.env._("Give the group at least one tag: WeCom keeps no empty tag groups."))
        name = self._checked_name(vals.get("name"))
        wanted = self.env["wecom.tag"]._wanted(tag_values)
        listed = self._ensure_in_wecom(corp, wanted, group_name=name, order=vals.get("sequence") or None)
        group = self.sudo().with_context(active_test=False)
        group = group.search([("corp_id", "=", corp.id), ("external_id", "=", listed["group_id"])])
        values = {"name": name, "sequence": _sequence(listed), "active": True}
        if group:
            group.write(values)
        else:
            group = self.sudo().create({**values, "corp_id": corp.id, "external_id": listed["group_id"]})
        self.env["wecom.tag"]._keep(group, wanted, listed)
        return group.with_env(self.env)

    @api.model
    def _ensure_in_wecom(self, corp, wanted, **group):
        """Return the group as WeCom lists it, after making those of the ``wanted`` tags that it lacks.

        A creation is never repeated. What an earlier attempt made whose answer was lost, or which was undone here, is
        found by looking before; what this one made, by looking after.

        :param wanted: {name: values}
        :param group: ``group_id``, or ``group_name`` and ``order``
        :raise UserError: when WeCom refuses, or the answer was lost and the list does not hold the tags
        """
        with corp._calling() as client:
            listed = _listed_group(client, group)
            missing = [name for name in wanted if name not in _external_ids(listed)]
            if missing:
                unsettled = OutcomeUnknown()
                try:
                    tags.add_corp_tags(client, [_payload(wanted[name]) for name in missing], **group)
                except (OutcomeUnknown, Conflict) as error:
                    unsettled = error
                listed = _listed_group(client, group)
                if not wanted.keys() <= _external_ids(listed).keys():
                    raise unsettled
            return listed


class WecomTag(models.Model):
    _name = "wecom.tag"
    _inherit = ["wecom.tag", "wecom.tag.pushed"]

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.su:
            return super().create(vals_list)
        self.check_access("create")
        by_group = defaultdict(list)
        for vals in vals_list:
            self._check_user_fields({key: vals[key] for key in vals if key not in ("corp_id", "group_id")})
            by_group[vals.get("group_id")].append(vals)
        tag_by_key = {}
        for group_id, values in by_group.items():
            group = self.env["wecom.tag.group"].browse(group_id)
            group.check_access("write")
            if not group:
                raise ValidationError(self.env._("Choose the group of the tag. A new group is made with its tags."))
            wanted = self._wanted(values)
            listed = group._ensure_in_wecom(group.corp_id, wanted, group_id=group.external_id)
            tag_by_key |= {(group_id, tag.name): tag.id for tag in self._keep(group, wanted, listed)}
        return self.browse(tag_by_key[vals.get("group_id"), self._checked_name(vals.get("name"))] for vals in vals_list)

    @api.model
    def _wanted(self, vals_list):
        """Return {name: values}; raises when a name stands there twice."""
        wanted = {}
        for vals in vals_list:
            name = self._checked_name(vals.get("name"))
            if name in wanted:
                raise ValidationError(self.env._("The name %s stands there twice. Name each tag once.", name))
            wanted[name] = {**vals, "name": name}
        return wanted

    @api.model
    def _keep(self, group, wanted, listed):
        """Write the wanted tags of a group as WeCom lists them now, and return them in that order.

        :raise UserError: when one of them stands here already
        """
        known = self.sudo().with_context(active_test=False)
        external_ids = _external_ids(listed)
        known = known.search(
            [("corp_id", "=", group.corp_id.id), ("external_id", "in", [external_ids[name] for name in wanted])]
        )
        if standing := known.filtered("active"):
            raise UserError(self.env._("This tag stands here already: %s", ", ".join(standing.mapped("display_name"))))
        sequences = {tag["name"]: _sequence(tag) for tag in listed["tag"]}
        known_by_id = {tag.external_id: tag for tag in known}
        kept = self.browse()
        for name in wanted:
            values = {"name": name, "group_id": group.id, "sequence": sequences[name], "active": True}
            if tag := known_by_id.get(external_ids[name]):
                tag.write(values)
            else:
                tag = self.sudo().create({**values, "corp_id": group.corp_id.id, "external_id": external_ids[name]})
            kept += tag.with_env(self.env)
        return kept

    def action_explain_lock(self):
        """Say why this tag cannot be changed."""
        self._check_made_here()

    def action_delete(self):
        """Ask before deleting these tags in WeCom."""
        self.check_access("write")
        self._check_made_here()
        wizard = self.env["wecom.tag.delete"].create({"tag_ids": [fields.Command.set(self.ids)]})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Delete in WeCom"),
            "res_model": "wecom.tag.delete",
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _delete_in_wecom(self):
        """Delete these tags in WeCom and archive them here; a group whose last tag goes, goes too (§ 5.1)."""
        self.check_access("write")
        self._check_made_here()
        for corp, of_corp in self.grouped("corp_id").items():
            of_corp._call_delete(corp)
        self.env.cr.execute(SQL("DELETE FROM wecom_follow_tag_rel WHERE tag_id = ANY(%s)", self.ids))
        self.sudo().active = False
        groups = self.group_id.sudo()
        groups.filtered(lambda group: not group.tag_ids).active = False
        self.env.invalidate_all()
        return True

    def _call_delete(self, corp):
        """Delete these tags, as far as WeCom still has them: an earlier attempt may have been undone here."""
        with corp._calling() as client:
            listed = {tag["id"] for group in tags.get_corp_tags(client) for tag in group["tag"]}
            left = [tag.external_id for tag in self if tag.external_id in listed]
            if not left:
                return
            try:
                tags.delete_corp_tags(client, tag_ids=left)
            except PermissionDenied as error:
                if len(left) > 1:
                    raise UserError(
                        self.env._(
                            "Another app made at least one of these tags, so WeCom deleted none. "
                            "Delete them one by one to see which."
                        )
                    ) from error
                self.filtered(lambda tag: tag.external_id in left)._learn_made_elsewhere()
                raise


def _listed_group(client, group):
    """Return the named group as WeCom lists it, {} when there is none."""
    if group_id := group.get("group_id"):
        groups = tags.get_corp_tags(client, group_ids=[group_id])
    else:
        groups = [listed for listed in tags.get_corp_tags(client) if listed["group_name"] == group["group_name"]]
    return groups[0] if groups else {}


def _payload(values):
    """Return a new tag as add_corp_tag takes it."""
    return {"name": values["name"], **({"order": values["sequence"]} if values.get("sequence") else {})}


def _external_ids(listed):
    """Return {name: id} of the living tags of a listed group."""
    return {tag["name"]: tag["id"] for tag in listed.get("tag") or [] if not tag.get("deleted")}


def _sequence(listed):
    """Return WeCom's order as far as PostgreSQL's integer goes (it may be larger, § 5.1)."""
    return min(listed.get("order") or 0, 2**31 - 1)
