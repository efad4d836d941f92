from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from .setup_checks import CONNECTION, SETUP_CHECKS
from .setup_finding import FAILED, OK
from .wecom_corp import ADMINISTRATOR

ACTIVITY_TYPE = "wecom_customer_reach.mail_activity_type_setup_broken"
ONCE_A_NIGHT = timedelta(hours=12)


class WecomCorpSetup(models.Model):
    """The set-up checklist of a corp: all rows together, the nightly look, and who is told."""

    _name = "wecom.corp"
    _inherit = ["wecom.corp", "mail.thread", "mail.activity.mixin"]

    setup_check_ids = fields.One2many(
        "wecom.setup.check", "corp_id", string="Set-up Checklist", readonly=True, groups=ADMINISTRATOR
    )
    setup_message = fields.Char(string="Set-up", compute="_compute_setup", groups=ADMINISTRATOR)
    setup_percent = fields.Integer(compute="_compute_setup", groups=ADMINISTRATOR)
    setup_state = fields.Selection(
        [("open", "Not complete"), ("failed", "Something does not work"), ("done", "Complete")],
        compute="_compute_setup",
        groups=ADMINISTRATOR,
    )
    setup_checked_at = fields.Datetime(string="Set-up Last Looked At", readonly=True, copy=False, groups=ADMINISTRATOR)
    setup_broadcast_id = fields.Many2one(
        "wecom.broadcast",
        string="Content of the Set-up Test",
        readonly=True,
        copy=False,
        ondelete="set null",
        groups=ADMINISTRATOR,
    )

    @api.depends("setup_check_ids.state")
    @api.depends_context("lang")
    def _compute_setup(self):
        for corp in self:
            rows = corp.setup_check_ids
            done = len(rows.filtered(lambda row: row.state == OK))
            total = len(SETUP_CHECKS)
            corp.setup_message = self.env._("%(done)s of %(total)s", done=done, total=total)
            corp.setup_percent = 100 * done // total
            if FAILED in rows.mapped("state"):
                corp.setup_state = "failed"
            else:
                corp.setup_state = "done" if done == total else "open"

    @api.model_create_multi
    def create(self, vals_list):
        corps = super().create(vals_list)
        for corp in corps:
            self.env["wecom.setup.check"]._of_corp(corp)
        return corps

    def action_open_setup(self):
        """Open the checklist of this corp."""
        self.ensure_one()
        self.check_access("write")
        self.env["wecom.setup.check"]._of_corp(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Set-up"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(self.env.ref("wecom_customer_reach.wecom_corp_view_form_setup").id, "form")],
        }

    @api.model
    def action_open_setup_of_company(self):
        """Open the checklist of the current company, or the settings while it has no corp."""
        corp = self.env.company.wecom_corp_id
        if corp:
            return corp.action_open_setup()
        return self.env["ir.actions.act_window"]._for_xml_id("wecom_customer_reach.res_config_settings_action")

    def action_check_all(self):
        """Look at every row of the checklist."""
        self.ensure_one()
        self.check_access("write")
        self.env["wecom.setup.check"]._of_corp(self)._check(self)
        self.sudo().setup_checked_at = fields.Datetime.now()

    def action_send_setup_test(self):
        """Ask to which customer a test broadcast is sent; its content is made once and kept as a draft."""
        self.ensure_one()
        self.check_access("write")
        if not self.env["wecom.follow"].search_count(
            [("member_id.corp_id", "=", self.id), ("status", "=", "active")], limit=1
        ):
            raise UserError(self.env._("Odoo knows no customer of this corp yet. Press Synchronise and wait for it."))
        if not self.setup_broadcast_id:
            self.setup_broadcast_id = self.env["wecom.broadcast"].create(
                {
                    "name": self.env._("Set-up test"),
                    "corp_id": self.id,
                    "partner_domain": "[('id', '=', False)]",
                    "text": self.env._("This is a test of the connection between Odoo and WeCom. Please ignore it."),
                }
            )
        return self.setup_broadcast_id.action_open_test()

    def _note_setup(self, rows):
        """Let the connection follow the rows that it depends on: one truth on all screens."""
        self.ensure_one()
        now = fields.Datetime.now()
        deciding = rows.filtered(lambda row: row.code in CONNECTION)
        broken = deciding.filtered(lambda row: row.state == FAILED)[:1]
        if broken:
            self.write(
                {
                    "connection_state": "failed",
                    "connection_message": f"{broken.meaning} {broken.answer_text or ''}".strip(),
                    "connection_checked_at": now,
                }
            )
        elif all(row.state == OK for row in deciding):
            was = self.connection_state
            self.write(
                {
                    "connection_state": "ok",
                    "connection_message": self.env._("The connection works."),
                    "connection_checked_at": now,
                }
            )
            if was != "ok":
                self.env["wecom.event"]._connection_works(self)

    @api.model
    def _cron_check_setup(self):
        """Look at the rows of every corp that only read; tell an administrator of those that turned red."""
        progress = self.env["ir.cron"]._commit_progress
        due = ["|", ("setup_checked_at", "=", False), ("setup_checked_at", "<", fields.Datetime.now() - ONCE_A_NIGHT)]
        corps = self.search(due, order="id").filtered("secret_is_set")
        progress(remaining=len(corps))
        for corp in corps:
            turned_red = self.env["wecom.setup.check"]._of_corp(corp)._nightly()._check(corp)
            corp.setup_checked_at = fields.Datetime.now()
            if turned_red:
                corp._tell_setup_broken(turned_red)
            if not progress(1):
                break

    def _tell_setup_broken(self, rows):
        """Tell of the rows that turned red in one activity; what turned red before it was done joins it."""
        self.ensure_one()
        user = self._setup_responsible()
        if not user:
            return
        rows = rows.with_context(lang=user.lang)
        note = Markup("<br/>").join(f"{row.title}: {row.meaning}" for row in rows)
        if known := self.activity_search([ACTIVITY_TYPE], user_id=user.id)[:1]:
            known.note = known.note + Markup("<br/>") + note
            return
        titles = ", ".join(rows.mapped("title"))
        self.activity_schedule(
            ACTIVITY_TYPE, summary=rows.env._("WeCom: %s no longer works", titles), note=note, user_id=user.id
        )

    def _setup_responsible(self):
        """Return the administrator who is told: who connected the corp, else the first one of the company."""
        administrators = self.env.ref(ADMINISTRATOR).all_user_ids.filtered(
            lambda user: user.active and not user._is_superuser() and self.company_id in user.company_ids
        )
        return (self.create_uid & administrators or administrators.sorted("id"))[:1]
