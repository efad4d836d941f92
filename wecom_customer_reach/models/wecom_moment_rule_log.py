import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

ROWS_PER_STEP = 50
CRON = "wecom_customer_reach.ir_cron_apply_moment_rules"


class WecomMomentRuleLog(models.Model):
    """What one rule does for one customer and one moment, and what came of it.

    The row is written with the reaction. Doing it and noting that it was done are one transaction, so a worker killed
    anywhere leaves it to be done, once.
    """

    _name = "wecom.moment.rule.log"
    _description = "WeCom Moment Rule Log"
    _log_access = False
    _order = "id desc"
    _rec_name = "rule_id"

    rule_id = fields.Many2one("wecom.moment.rule", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="rule_id.company_id", store=True)
    moment_id = fields.Many2one("wecom.moment", required=True, readonly=True, ondelete="cascade", index=True)
    contact_id = fields.Many2one("wecom.contact", "WeCom Contact", readonly=True, ondelete="set null")
    partner_id = fields.Many2one(related="contact_id.partner_id")
    reaction_id = fields.Many2one("wecom.moment.reaction", readonly=True, ondelete="set null")
    action = fields.Selection(related="rule_id.action")
    state = fields.Selection(
        [("waiting", "Waiting"), ("done", "Done"), ("failed", "Failed")],
        required=True,
        readonly=True,
        default="waiting",
    )
    done_at = fields.Datetime("Done On", readonly=True)
    error_message = fields.Text("Problem", readonly=True)
    marking_id = fields.Many2one("wecom.tag.marking", readonly=True, ondelete="set null")
    activity_id = fields.Many2one("mail.activity", readonly=True, ondelete="set null")
    lead_id = fields.Many2one("crm.lead", readonly=True, ondelete="set null")

    _once_uniq = models.UniqueIndex("(rule_id, moment_id, contact_id)", "A rule acts once for a customer and moment.")
    _contact_idx = models.Index("(contact_id)")
    _waiting_idx = models.Index("(id) WHERE state = 'waiting'")

    @api.model
    def _note_reactions(self, reactions):
        """Write what the active rules have to do for these new reactions of customers, in one statement."""
        if not reactions:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO wecom_moment_rule_log (rule_id, company_id, moment_id, contact_id, reaction_id, state)
                SELECT DISTINCT ON (rule.id, reaction.moment_id, reaction.contact_id)
                       rule.id, rule.company_id, reaction.moment_id, reaction.contact_id, reaction.id, 'waiting'
                  FROM wecom_moment_reaction reaction
                  JOIN wecom_moment moment ON moment.id = reaction.moment_id
                  JOIN wecom_moment_rule rule ON rule.corp_id = moment.corp_id
                 WHERE reaction.id = ANY(%(reactions)s) AND reaction.contact_id IS NOT NULL AND rule.active
                   AND rule.reaction IN ('any', reaction.kind)
                   AND (EXISTS (SELECT FROM wecom_moment_wecom_moment_rule_rel chosen
                                 WHERE chosen.wecom_moment_rule_id = rule.id
                                   AND chosen.wecom_moment_id = moment.id)
                        OR NOT EXISTS (SELECT FROM wecom_moment_wecom_moment_rule_rel chosen
                                        WHERE chosen.wecom_moment_rule_id = rule.id))
              ORDER BY rule.id, reaction.moment_id, reaction.contact_id, reaction.reacted_at
                    ON CONFLICT DO NOTHING
                """,
                reactions=reactions.ids,
            )
        )
        if self.env.cr.rowcount:
            self.invalidate_model()
            self.env.ref(CRON).sudo()._trigger()

    @api.model
    def _cron_apply(self):
        """Do what waits, a committed step at a time."""
        progress = self.env["ir.cron"]._commit_progress
        if not progress(remaining=self.search_count([("state", "=", "waiting")])):
            return
        while rows := self.search([("state", "=", "waiting")], order="id", limit=ROWS_PER_STEP).try_lock_for_update():
            for row in rows:
                row._apply()
            if not progress(len(rows)):
                self.env.ref(CRON).sudo()._trigger()
                return

    def _apply(self):
        """Do it and note it; what goes wrong is told on the row and does not hold up the others."""
        try:
            with self.env.cr.savepoint():
                made = getattr(self, f"_apply_{self.rule_id.action}")()
                self.write({**made, "state": "done", "done_at": fields.Datetime.now(), "error_message": False})
        except UserError as error:
            self.write({"state": "failed", "error_message": str(error)})
        except psycopg2.OperationalError:
            raise
        except Exception:
            _logger.exception("Moment rule log %s failed", self.id)
            unexpected = self.env._("Something unexpected happened. The server's log has the details.")
            self.write({"state": "failed", "error_message": unexpected})

    def _apply_tag(self):
        """Put the tag on the follows of this customer, as a person would."""
        tag = self.rule_id.tag_id
        wanted = SQL(
            """SELECT follow.id AS follow_id, %s AS tag_id, 'put_on' AS operation FROM wecom_follow follow
                WHERE follow.contact_id = %s AND follow.status = 'active'
                  AND NOT EXISTS (SELECT FROM wecom_follow_tag_rel tagged
                                   WHERE tagged.follow_id = follow.id AND tagged.tag_id = %s)""",
            tag.id,
            self.contact_id.id,
            tag.id,
        )
        marking = self.env["wecom.tag.marking"]._queue(self.rule_id.corp_id, wanted, {tag.id: "put_on"})
        return {"marking_id": marking.id}

    def _apply_activity(self):
        """Ask the customer's salesperson, else his member's user, else who is responsible for the moment."""
        partner, rule = self._partner(), self.rule_id
        user = self._assignee()
        speaking = self.with_context(lang=user.lang)
        kind = dict(self.env["wecom.moment.reaction"]._fields["kind"]._description_selection(speaking.env))
        activity = partner.with_context(lang=user.lang, mail_activity_quick_update=True).activity_schedule(
            activity_type_id=rule.activity_type_id.id,
            summary=rule.activity_summary
            or speaking.env._(
                "%(what)s on “%(moment)s”", what=kind[self.reaction_id.kind or "like"], moment=self.moment_id.name
            ),
            user_id=user.id,
        )
        return {"activity_id": activity.id}

    def _apply_lead(self):
        """Make a lead of the reaction, unless somebody has made it already."""
        self._partner()
        if not self.reaction_id:
            raise UserError(self.env._("The reaction is not known any more."))
        user = self._assignee()
        reaction = self.reaction_id.with_context(lang=user.lang)
        return {"lead_id": (reaction.lead_id or reaction._make_lead(user)).id}

    def _partner(self):
        if not self.partner_id:
            raise UserError(self.env._("This contact has no partner yet: match it first, under Customers → To match."))
        return self.partner_id

    def _assignee(self):
        """Return the user who follows this up: one who may work in the company of the rule."""
        company = self.rule_id.company_id
        wanted = self.partner_id.user_id, self.reaction_id.member_id.user_id, self.moment_id.user_id
        fitting = [user for user in wanted if user.active and not user.share and company in user.company_ids]
        if not fitting:
            raise UserError(self.env._("Nobody is there to follow it up: give the customer a salesperson."))
        return fitting[0]

    def action_retry(self):
        """Let what failed be done again, when the reason is gone."""
        self.check_access("read")
        if not self.env.user.has_group("wecom_customer_reach.group_wecom_manager"):
            raise AccessError(self.env._("Only a manager can do this."))
        self.sudo().filtered(lambda row: row.state == "failed").write({"state": "waiting", "error_message": False})
        self.env.ref(CRON).sudo()._trigger()

    def action_open_made(self):
        """Open the lead, the customer with the activity, or the tag marking that was made."""
        self.ensure_one()
        made = self.lead_id or self.marking_id or self.partner_id
        return {
            "type": "ir.actions.act_window",
            "res_model": made._name,
            "res_id": made.id,
            "views": [(False, "form")],
        }
