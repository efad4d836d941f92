from odoo import api, fields, models
from odoo.exceptions import ValidationError

REACTIONS = [("any", "Like or comment"), ("like", "Like"), ("comment", "Comment")]
RULE_ACTIONS = [("tag", "Put a corp tag"), ("activity", "Activity for the salesperson"), ("lead", "Lead")]
NEEDED = {"tag": "tag_id", "activity": "activity_type_id"}


class WecomMomentRule(models.Model):
    """What shall happen when a customer likes or comments on a moment: once for each customer and moment.

    It holds for reactions that are read from then on. WeCom tells no words of a comment, so none can be asked for.
    """

    _name = "wecom.moment.rule"
    _description = "WeCom Moment Rule"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    corp_id = fields.Many2one(
        "wecom.corp",
        required=True,
        ondelete="cascade",
        index=True,
        default=lambda self: self.env.company.sudo().wecom_corp_id,
    )
    company_id = fields.Many2one(related="corp_id.company_id", store=True)
    reaction = fields.Selection(REACTIONS, "When a Customer Makes a", required=True, default="any")
    moment_ids = fields.Many2many(
        "wecom.moment", string="On", check_company=True, help="Empty: every moment, also those of members."
    )
    action = fields.Selection(RULE_ACTIONS, "Then", required=True, default="activity")
    tag_id = fields.Many2one("wecom.tag", "Corp Tag", ondelete="restrict")
    activity_type_id = fields.Many2one(
        "mail.activity.type",
        "Activity",
        domain=[("res_model", "in", (False, "res.partner"))],
        default=lambda self: self.env.ref("mail.mail_activity_data_call", raise_if_not_found=False),
        ondelete="restrict",
    )
    activity_summary = fields.Char("What to Do")
    log_ids = fields.One2many("wecom.moment.rule.log", "rule_id")
    done_count = fields.Integer("Done", compute="_compute_log_counts")
    failed_count = fields.Integer("Failed", compute="_compute_log_counts")

    def _compute_log_counts(self):
        groups = self.env["wecom.moment.rule.log"]._read_group(
            [("rule_id", "in", self.ids)], ["rule_id", "state"], ["__count"]
        )
        counts = {(rule.id, state): count for rule, state, count in groups}
        for rule in self:
            rule.done_count = counts.get((rule.id, "done"), 0)
            rule.failed_count = counts.get((rule.id, "failed"), 0)

    @api.constrains("action", "tag_id", "activity_type_id", "corp_id")
    def _check_action(self):
        for rule in self:
            needed = NEEDED.get(rule.action)
            if needed and not rule[needed]:
                raise ValidationError(self.env._("Choose the corp tag, or the kind of activity."))
            if rule.action == "tag" and rule.tag_id.corp_id != rule.corp_id:
                raise ValidationError(self.env._("Choose a corp tag of %s.", rule.corp_id.name))

    def action_view_log(self):
        """Open what this rule did, customer by customer."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("wecom_customer_reach.wecom_moment_rule_log_action")
        return {**action, "domain": [("rule_id", "=", self.id)], "context": {}}
