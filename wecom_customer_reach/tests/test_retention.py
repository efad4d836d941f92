from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from .broadcast_common import BroadcastCase


@tagged("post_install", "-at_install")
class TestRetention(BroadcastCase):
    """The administrator says how long; every night what is older goes."""

    def event(self, days_ago, state):
        moment = fields.Datetime.now() - timedelta(days=days_ago)
        return self.env["wecom.event"].create(
            {
                "corp_id": self.corp.id,
                "event_hash": f"{days_ago}{state}",
                "event_type": "change_external_tag",
                "subject": "change_external_tag",
                "xml": "<xml/>",
                "made_at": moment,
                "received_at": moment,
                "state": state,
            }
        )

    def test_events(self):
        self.corp.retention_event_days = 10
        young = self.event(9, "done") | self.event(19, "failed") | self.event(99, "new")
        old = self.event(11, "done") | self.event(12, "ignored") | self.event(21, "failed")
        self.run_action("ir_cron_forget")
        self.assertEqual((young | old).exists(), young)

    def test_synchronisations(self):
        runs = self.env["wecom.sync"].create(
            [{"corp_id": self.corp.id, "state": state} for state in ("done", "failed", "running")]
        )
        with freeze_time(fields.Datetime.now() + timedelta(days=91)):
            self.run_action("ir_cron_forget")
        self.assertEqual(runs.exists().mapped("state"), ["running"])

    def test_names_in_results(self):
        """The names go after the time; every figure stays, also on the list that it opens."""
        self.corp.retention_result_days = 60
        customers = self.add_customer(self.anna) | self.add_customer(self.bruno)
        broadcast = self.sent_broadcast()
        self.assert_arrives_once(broadcast, *customers)
        with freeze_time(fields.Datetime.now() + timedelta(days=59)):
            self.run_action("ir_cron_forget")
        self.assertEqual(broadcast.recipient_ids.contact_id, customers)
        with freeze_time(fields.Datetime.now() + timedelta(days=61)):
            self.run_action("ir_cron_forget")
        recipients = broadcast.recipient_ids
        self.assertEqual(len(recipients.filtered(lambda recipient: recipient.state == "sent")), 2)
        self.assertFalse(recipients.contact_id or recipients.partner_id)
        self.assertFalse(any(recipients.mapped("external_userid")))
        self.assertEqual((broadcast.sent_count, broadcast.planned_count), (2, 2))

    def test_zero_keeps_everything(self):
        self.corp.write({"retention_event_days": 0, "retention_sync_days": 0, "retention_result_days": 0})
        customer = self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.assert_arrives_once(broadcast, customer)
        event = self.event(5000, "done")
        sync = self.env["wecom.sync"].create({"corp_id": self.corp.id, "state": "done"})
        with freeze_time(fields.Datetime.now() + timedelta(days=5000)):
            self.run_action("ir_cron_forget")
        self.assertTrue(event.exists() and sync.exists() and broadcast.recipient_ids.contact_id)

    def test_what_cannot_be_set(self):
        for values in ({"retention_event_days": -1}, {"retention_result_days": 59}):
            with self.assertRaises(ValidationError):
                self.corp.write(values)

    def test_more_rows_than_one_step_takes(self):
        """Each step is committed: a run that is killed has lost nothing and leaves the rest to the next."""
        from ..models import wecom_corp_retention

        self.patch(wecom_corp_retention, "ROWS_PER_STEP", 2)
        for number in range(5):
            self.event(100 + number, "done")
        self.run_action("ir_cron_forget")
        self.assertFalse(self.env["wecom.event"].search([("corp_id", "=", self.corp.id)]))

    def test_settings(self):
        administrator = self.add_user("retention_admin", "wecom_customer_reach.group_wecom_administrator")
        administrator.group_ids += self.env.ref("base.group_system")
        Settings = self.env["res.config.settings"].with_user(administrator).with_company(self.company)
        with Form(Settings) as form:
            self.assertEqual(form.wecom_retention_event_days, 30)
            form.wecom_retention_result_days = 365
        form.record.execute()
        self.assertEqual(self.corp.retention_result_days, 365)
