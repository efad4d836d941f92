from odoo import api, fields, models
from odoo.fields import Domain

from .wecom_follow import ALIVE_FOLLOW_STATUSES


class WecomTag(models.Model):
    """A corp tag. One that WeCom does not list (of a rule group, or deleted) is kept, archived, under its id."""

    _name = "wecom.tag"
    _description = "WeCom Tag"
    _order = "group_id, sequence desc, name, id"
    _rec_names_search = ["name", "group_id.name"]

    corp_id = fields.Many2one("wecom.corp", required=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="corp_id.company_id", store=True)
    group_id = fields.Many2one("wecom.tag.group", ondelete="restrict", index=True)
    external_id = fields.Char(required=True)
    name = fields.Char(required=True)
    sequence = fields.Integer(help="WeCom's order: the larger number stands first.")
    active = fields.Boolean(default=True)
    contact_count = fields.Integer(string="Contacts", compute="_compute_contact_count")
    color = fields.Integer(compute="_compute_color", help="The tags of one group share a colour.")

    _corp_external_uniq = models.UniqueIndex("(corp_id, external_id)")

    def _compute_contact_count(self):
        domain = Domain("tag_ids", "in", self.ids) & Domain("status", "in", ALIVE_FOLLOW_STATUSES)
        groups = self.env["wecom.follow"]._read_group(domain, ["tag_ids"], ["contact_id:count_distinct"])
        counts = dict(groups)
        for tag in self:
            tag.contact_count = counts.get(tag, 0)

    @api.depends("group_id")
    def _compute_color(self):
        for tag in self:
            tag.color = tag.group_id.id % 11 + 1 if tag.group_id else 0

    @api.depends("name", "group_id.name")
    def _compute_display_name(self):
        for tag in self:
            tag.display_name = f"{tag.group_id.name}: {tag.name}" if tag.group_id else tag.name

    def action_open_contacts(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("wecom_customer_reach.wecom_contact_action")
        return {**action, "domain": [("tag_ids", "in", self.ids)], "context": {}}
