import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .epoch import from_epoch

CONTACT_EVENT = "change_external_contact"
TAG_EVENT = "change_external_tag"
MEMBER_EVENT = "change_contact"
WORKED_ON = (CONTACT_EVENT, TAG_EVENT, MEMBER_EVENT)


def by_time(event):
    """Sort key: WeCom's time of the event, in the same second its arrival."""
    return event.made_at, event.id


class WecomEvent(models.Model):
    """One callback as WeCom sent it, kept before it was answered. The work stands in the ``wecom_event_*`` files."""

    _name = "wecom.event"
    _description = "WeCom Event"
    _order = "id desc"
    _rec_name = "summary"

    corp_id = fields.Many2one("wecom.corp", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="corp_id.company_id")
    event_hash = fields.Char(readonly=True, required=True, help="Of the whole event: the same event is kept once.")
    event_type = fields.Char(string="Event", readonly=True, required=True)
    change_type = fields.Char(string="Change", readonly=True)
    summary = fields.Char(string="What Happened", compute="_compute_summary")
    subject = fields.Char(readonly=True, required=True, help="Events of one subject are worked on one after another.")
    userid = fields.Char(string="User ID", readonly=True)
    external_userid = fields.Char(string="External User ID", readonly=True, index="btree_not_null")
    contact_id = fields.Many2one("wecom.contact", compute="_compute_contact_id")
    xml = fields.Text(string="As Received", readonly=True, required=True)
    made_at = fields.Datetime(string="Happened", readonly=True, required=True)
    received_at = fields.Datetime(string="Received", readonly=True, required=True)
    done_at = fields.Datetime(string="Done On", readonly=True, help="When WeCom was read for this event.")
    state = fields.Selection(
        [("new", "New"), ("done", "Done"), ("failed", "Failed"), ("ignored", "Ignored")],
        readonly=True,
        required=True,
        help="Ignored: of a kind that changes nothing here.",
    )
    attempt_count = fields.Integer(string="Attempts", readonly=True)
    next_attempt_at = fields.Datetime(string="Next Attempt", readonly=True)
    error_message = fields.Text(readonly=True)

    _corp_hash_uniq = models.UniqueIndex("(corp_id, event_hash)")
    _new_idx = models.Index("(id) WHERE state = 'new'")
    _new_subject_idx = models.Index("(corp_id, subject) WHERE state = 'new'")

    @api.depends("corp_id", "external_userid")
    def _compute_contact_id(self):
        contacts = self.env["wecom.contact"].search(
            [("external_userid", "in", self.mapped("external_userid")), ("corp_id", "in", self.corp_id.ids)]
        )
        found = {(contact.corp_id, contact.external_userid): contact for contact in contacts}
        for event in self:
            event.contact_id = found.get((event.corp_id, event.external_userid), False)

    @api.depends("event_type", "change_type")
    def _compute_summary(self):
        words = {
            (CONTACT_EVENT, "add_external_contact"): self.env._("Customer added"),
            (CONTACT_EVENT, "add_half_external_contact"): self.env._("Customer waits to be accepted"),
            (CONTACT_EVENT, "edit_external_contact"): self.env._("Customer edited by the member"),
            (CONTACT_EVENT, "del_external_contact"): self.env._("Customer deleted by the member"),
            (CONTACT_EVENT, "del_follow_user"): self.env._("Member deleted by the customer"),
            (CONTACT_EVENT, "transfer_fail"): self.env._("Hand-over failed"),
            (TAG_EVENT, "create"): self.env._("Corp tag created"),
            (TAG_EVENT, "update"): self.env._("Corp tag changed"),
            (TAG_EVENT, "delete"): self.env._("Corp tag deleted"),
            (TAG_EVENT, "shuffle"): self.env._("Corp tags reordered"),
            (MEMBER_EVENT, "delete_user"): self.env._("Member left"),
        }
        for event in self:
            named = " ".join(filter(None, (event.event_type, event.change_type)))
            event.summary = words.get((event.event_type, event.change_type), named)

    @api.model
    def _keep(self, corp, event):
        """Store an ``events.Event`` of ``corp``; return whether there is work to do. Of a customer erased, nothing.

        The same event again is not stored again. One for which WeCom was read in the very second it was made is worked
        on again: WeCom's times are whole seconds, so it may tell of a second change in that second.
        """
        now = fields.Datetime.now()
        external_userid = event.fields.get("ExternalUserID")
        if external_userid and corp._erased([external_userid]):
            return False
        # The same event at the same moment, or the worker on it: Odoo repeats the request. The log is not to quote it.
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO wecom_event AS event (
                       corp_id, event_hash, event_type, change_type, subject, userid, external_userid, xml, made_at,
                       received_at, state, attempt_count, create_uid, create_date, write_uid, write_date)
                VALUES (%(corp)s, %(event_hash)s, %(event_type)s, %(change_type)s, %(subject)s, %(userid)s,
                       %(external_userid)s, %(xml)s, %(made_at)s, %(now)s, %(state)s, 0,
                       %(uid)s, %(now)s, %(uid)s, %(now)s)
                    ON CONFLICT (corp_id, event_hash) DO UPDATE SET state = 'new'
                 WHERE event.state = 'done' AND event.done_at <= event.made_at + interval '2 seconds'
                RETURNING state
                """,
                corp=corp.id,
                event_hash=hashlib.sha256(event.xml.encode()).hexdigest(),
                event_type=event.kind,
                change_type=event.change_type,
                subject=event.subject,
                userid=event.fields.get("UserID"),
                external_userid=external_userid,
                xml=event.xml,
                made_at=from_epoch(event.created_at),
                now=now,
                state="new" if event.kind in WORKED_ON else "ignored",
                uid=self.env.uid,
            ),
            log_exceptions=False,
        )
        return self.env.cr.fetchall() == [("new",)]

    @api.model
    def _wake_once(self):
        """Wake the worker for an event just kept, unless it is to wake up anyway.

        Its alarm is held until the event is committed, so that the worker cannot clear it and not see the event; one
        that is being cleared does not count.
        """
        cron = self.env["ir.model.data"]._xmlid_to_res_id("wecom_customer_reach.ir_cron_process_events")
        pending = SQL(
            "SELECT FROM ir_cron_trigger WHERE cron_id = %s AND call_at <= %s LIMIT 1 FOR SHARE SKIP LOCKED",
            cron,
            fields.Datetime.now(),
        )
        if not self.env.execute_query(pending):
            self._wake()

    @api.model
    def _wake(self, at=None):
        self.env.ref("wecom_customer_reach.ir_cron_process_events").sudo()._trigger(at)

    def action_retry(self):
        """Work on these events again, whatever came of them."""
        self.corp_id.check_access("write")
        again = self.sudo().filtered(lambda event: event.event_type in WORKED_ON)
        again.write({"state": "new", "attempt_count": 0, "next_attempt_at": False, "error_message": False})
        self._wake()
        return True

    def action_show_contact(self):
        self.ensure_one()
        if not self.contact_id:
            raise UserError(self.env._("No contact belongs to this event, or it has not been worked on yet."))
        return {
            "type": "ir.actions.act_window",
            "res_model": "wecom.contact",
            "res_id": self.contact_id.id,
            "views": [(False, "form")],
        }
