from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .wecom_follow import ALIVE_FOLLOW_STATUSES
from .wecom_tag_marking_line import LINE_STATES

KEEP_DAYS = 90


class WecomTagMarking(models.Model):
    """One wish to put corp tags on customers or take them off, carried out line by line (``wecom_tag_marking_run``)."""

    _name = "wecom.tag.marking"
    _description = "WeCom Tag Marking"
    _order = "id desc"

    corp_id = fields.Many2one("wecom.corp", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="corp_id.company_id", store=True)
    user_id = fields.Many2one("res.users", string="Wished By", required=True, readonly=True)
    origin = fields.Selection(
        [("person", "Put or taken off by a person"), ("category", "Partner tag changed")],
        default="person",
        required=True,
        readonly=True,
    )
    add_tag_ids = fields.Many2many(
        "wecom.tag", "wecom_tag_marking_add_rel", string="Put On", readonly=True, context={"active_test": False}
    )
    remove_tag_ids = fields.Many2many(
        "wecom.tag", "wecom_tag_marking_remove_rel", string="Take Off", readonly=True, context={"active_test": False}
    )
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("failed", "Stopped"), ("cancelled", "Cancelled")],
        default="running",
        required=True,
        readonly=True,
        index=True,
    )
    line_ids = fields.One2many("wecom.tag.marking.line", "marking_id", readonly=True)
    failed_line_ids = fields.One2many(
        "wecom.tag.marking.line", "marking_id", string="Failed", domain=[("state", "=", "failed")], readonly=True
    )
    total_count = fields.Integer(string="Lines", compute="_compute_counts", help="One for each tag of each follow.")
    pending_count = fields.Integer(string="Pending", compute="_compute_counts")
    done_count = fields.Integer(string="Done", compute="_compute_counts")
    failed_count = fields.Integer(string="Not Done", compute="_compute_counts")
    overtaken_count = fields.Integer(
        string="Overtaken", compute="_compute_counts", help="Somebody decided otherwise about the tag since."
    )
    progress = fields.Float(compute="_compute_counts", help="In percent.")
    error_message = fields.Text(readonly=True)
    next_attempt_at = fields.Datetime(string="Goes On At", readonly=True)
    ended_at = fields.Datetime(string="Ended", readonly=True)

    @api.depends("line_ids.state")
    def _compute_counts(self):
        counts = {
            (marking, state): count
            for marking, state, count in self.env["wecom.tag.marking.line"]._read_group(
                [("marking_id", "in", self.ids)], ["marking_id", "state"], ["__count"]
            )
        }
        for marking in self:
            by_state = {state: counts.get((marking._origin, state), 0) for state, _label in LINE_STATES}
            marking.total_count = total = sum(by_state.values())
            for state in ("pending", "done", "failed", "overtaken"):
                marking[f"{state}_count"] = by_state[state]
            marking.progress = 100 * (total - by_state["pending"]) / total if total else 100

    @api.depends("add_tag_ids", "remove_tag_ids")
    def _compute_display_name(self):
        for marking in self:
            marking.display_name = ", ".join(
                sign + tag.name
                for sign, tags in (("+", marking.add_tag_ids), ("−", marking.remove_tag_ids))
                for tag in tags
            )

    @api.model
    def _start(self, corp, follow_domain, add_tags=(), remove_tags=()):
        """Queue tags to be put on and taken off the living follows that match and that the user may see.

        Two statements for any number of follows. Returns the marking; empty when no follow matches.
        """
        alive = Domain("member_id.corp_id", "=", corp.id) & Domain("status", "in", ALIVE_FOLLOW_STATUSES)
        query = self.env["wecom.follow"]._search(alive & follow_domain)
        operations = {tag.id: "put_on" for tag in add_tags} | {tag.id: "take_off" for tag in remove_tags}
        wanted = SQL(
            """SELECT follow.id AS follow_id, tag.id AS tag_id, tag.operation
                 FROM (%s) follow(id)
                CROSS JOIN unnest(%s::int[], %s::text[]) AS tag(id, operation)""",
            query.select(),
            list(operations),
            list(operations.values()),
        )
        return self._queue(corp, wanted, operations)

    @api.model
    def _queue(self, corp, wanted, operations, origin="person"):
        """Create a marking with the rows of the query ``wanted`` (follow_id, tag_id, operation) as its lines.

        What was wished before about the same tag of the same follow and is not done yet is overtaken.
        ``operations``: {tag id: operation}, for people to read. Returns an empty marking when there is no row.
        """
        tag_ids = {
            name: [tag_id for tag_id, operation in operations.items() if operation == name]
            for name in ("put_on", "take_off")
        }
        marking = self.sudo().create(
            {
                "corp_id": corp.id,
                "user_id": self.env.uid,
                "origin": origin,
                "add_tag_ids": [fields.Command.set(tag_ids["put_on"])],
                "remove_tag_ids": [fields.Command.set(tag_ids["take_off"])],
            }
        )
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH wanted AS MATERIALIZED (%(wanted)s
                ), overtaken AS (
                    UPDATE wecom_tag_marking_line line SET state = 'overtaken'
                      FROM wanted
                     WHERE line.state = 'pending' AND line.follow_id = wanted.follow_id AND line.tag_id = wanted.tag_id
                )
                INSERT INTO wecom_tag_marking_line (marking_id, follow_id, tag_id, operation, state, requested_at)
                SELECT %(marking)s, follow_id, tag_id, operation, 'pending', %(now)s
                  FROM wanted ORDER BY follow_id
                """,
                wanted=wanted,
                marking=marking.id,
                now=fields.Datetime.now(),
            )
        )
        queued = self.env.cr.rowcount
        self.env.invalidate_all(flush=False)
        if not queued:
            marking.unlink()
            return self.browse()
        self._wake()
        return marking.with_env(self.env)

    @api.model
    def _wake(self, at=None):
        self.env.ref("wecom_customer_reach.ir_cron_mark_tags").sudo()._trigger(at)

    def action_refresh(self):
        """Show how far it has come: the form is read again after any button."""
        return True

    def action_cancel(self):
        """Leave the rest undone; what was done stays."""
        self.check_access("read")
        running = self.sudo().filtered(lambda marking: marking.state in ("running", "failed"))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE wecom_tag_marking_line SET state = 'cancelled' WHERE marking_id = ANY(%s) AND state = 'pending'",
            (running.ids,),
        )
        self.env.invalidate_all(flush=False)
        running.write({"state": "cancelled", "ended_at": fields.Datetime.now(), "next_attempt_at": False})
        return True

    def action_continue(self):
        """Go on after what stopped the marking was put right."""
        self.check_access("read")
        self.sudo().filtered(lambda marking: marking.state == "failed")._run()
        return True

    def action_retry_failed(self):
        """Try the failed lines again, as a wish of now; those about which somebody decided since are overtaken."""
        self.ensure_one()
        self.check_access("read")
        if not self.failed_count:
            raise UserError(self.env._("No line has failed, so there is nothing to try again."))
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE wecom_tag_marking_line line
                   SET state = CASE WHEN EXISTS (
                                         SELECT FROM wecom_tag_marking_line newer
                                          WHERE newer.follow_id = line.follow_id AND newer.tag_id = line.tag_id
                                            AND newer.id > line.id AND newer.state IN ('pending', 'done'))
                                    THEN 'overtaken' ELSE 'pending' END,
                       requested_at = %s, error_message = NULL
                 WHERE line.marking_id = %s AND line.state = 'failed'
                """,
                fields.Datetime.now(),
                self.id,
            )
        )
        self.env.invalidate_all(flush=False)
        self.sudo()._run()
        return True

    def _run(self):
        self.write({"state": "running", "ended_at": False, "error_message": False, "next_attempt_at": False})
        self._wake()

    def action_open_lines(self):
        """Show every line of this marking."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("wecom_customer_reach.wecom_tag_marking_line_action")
        return {**action, "domain": [("marking_id", "=", self.id)]}

    @api.autovacuum
    def _gc_old_markings(self):
        old = fields.Datetime.now() - timedelta(days=KEEP_DAYS)
        self.search([("state", "in", ("done", "cancelled")), ("ended_at", "<", old)]).unlink()
