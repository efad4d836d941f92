from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .broadcast_common import CREATE, BroadcastCase


@tagged("post_install", "-at_install")
class TestBroadcastRetry(BroadcastCase):
    """Trying those again whom a broadcast has missed, never those who got it."""

    def stopped_broadcast(self):
        """Return (got it, withdrawn, not in WeCom then, the broadcast): Anna confirmed, Bruno was stopped."""
        got, withdrawn = self.add_customer(self.anna), self.add_customer(self.bruno)
        stranger = self.add_partner("Stranger")
        broadcast = self.sent_broadcast()
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.read_results(broadcast)
        broadcast.action_stop()
        self.send()
        self.read_results()
        return got, withdrawn, stranger, broadcast

    def press_retry(self, broadcast, **chosen):
        """Press Retry, tick and untick reasons, press Prepare; returns the draft."""
        action = broadcast.action_open_retry()
        form = Form(broadcast.env[action["res_model"]].with_context(**action["context"]))
        for number in range(len(form.line_ids)):
            with form.line_ids.edit(number) as line:
                if line.code in chosen:
                    line.chosen = chosen[line.code]
        return broadcast.browse(form.save().action_retry()["res_id"])

    def test_only_those_missed_get_it(self):
        got, withdrawn, _stranger, broadcast = self.stopped_broadcast()
        self.assertEqual(broadcast.missed_count, 2)
        self.add_customer(self.anna)  # new in the audience since: not missed by the first
        retry = self.press_retry(broadcast)
        self.assertEqual((retry.state, retry.retry_of_id, retry.text), ("draft", broadcast, broadcast.text))
        self.assertEqual(retry.retry_text, "Withdrawn")
        self.assertEqual((retry.audience_count, retry.reachable_count), (1, 1))
        retry.action_send()
        self.send()
        self.assertEqual(self.states(retry), {withdrawn.name: ("pending", False)})
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(retry)
        self.assertEqual([len(self.sandbox.received(c.external_userid)) for c in (got, withdrawn)], [1, 1])

    def test_wizard_shows_reasons_and_counts(self):
        *_rest, broadcast = self.stopped_broadcast()
        context = broadcast.action_open_retry()["context"]
        form = Form(broadcast.env["wecom.broadcast.retry"].with_context(**context))
        lines = [form.line_ids.edit(n) for n in range(len(form.line_ids))]
        rows = []
        for line in lines:
            with line as shown:
                rows.append((shown.label, shown.missed_count, shown.chosen))
        self.assertEqual(rows, [("Withdrawn", 1, True), ("Not a WeCom contact", 1, False)])
        self.assertEqual(form.chosen_count, 1)
        with self.assertRaisesRegex(UserError, "at least one reason"):
            self.press_retry(broadcast, cancelled=False)

    def test_reason_that_is_gone_since(self):
        _got, withdrawn, stranger, broadcast = self.stopped_broadcast()
        found = self.add_customer(self.anna, partner=stranger)
        retry = self.press_retry(broadcast, no_contact=True)
        retry.action_send()
        self.send()
        self.assertEqual(retry.recipient_ids.contact_id, withdrawn | found)

    def test_running_is_refused_with_the_reason(self):
        self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.assertEqual(broadcast.missed_count, 0)
        with self.assertRaisesRegex(UserError, "Stop it first"):
            broadcast.action_open_retry()
        with self.assertRaisesRegex(UserError, "Stop it first"):
            broadcast._retry(["cancelled"])
        with self.assertRaisesRegex(UserError, "was not sent"):
            self.broadcast().action_open_retry()

    def test_result_that_comes_in_after_the_draft(self):
        _got, withdrawn, _stranger, broadcast = self.stopped_broadcast()
        retry = self.press_retry(broadcast)
        late = broadcast.recipient_ids.filtered(lambda row: row.contact_id == withdrawn).sudo()
        late.state = "sent"
        retry.action_send()
        self.send()
        self.assertEqual(retry.state, "draft")
        self.assertEqual(self.sandbox.calls(CREATE), 1)

    def test_result_that_comes_in_between_plan_and_claim(self):
        _got, withdrawn, _stranger, broadcast = self.stopped_broadcast()
        retry = self.press_retry(broadcast)
        retry.action_send()
        retry.sudo()._plan()
        self.assertEqual(self.states(retry), {withdrawn.name: ("planned", False)})
        broadcast.recipient_ids.filtered(lambda row: row.contact_id == withdrawn).sudo().state = "sent"
        self.send()
        self.assertEqual(self.states(retry), {withdrawn.name: ("excluded", "reached")})
        self.assertEqual(self.sandbox.calls(CREATE), 1)

    def test_two_retries_and_a_copy_reach_once(self):
        _got, withdrawn, _stranger, broadcast = self.stopped_broadcast()
        first, second = self.press_retry(broadcast), self.press_retry(broadcast)
        copy = self.env["wecom.broadcast"].with_user(self.manager).browse(first.action_duplicate()["res_id"])
        self.assertEqual(copy.retry_of_id, broadcast, "a copy of it is meant for the same few")
        for retry in (first, second, copy):
            retry.action_send()
        self.send()
        self.sandbox.post("/sandbox/members/confirm_all")
        self.assertEqual(len(self.sandbox.received(withdrawn.external_userid)), 1)
        self.assertEqual(sorted((first | second | copy).mapped("state")), ["draft", "draft", "running"])

    def test_planned_both_before_either_is_claimed(self):
        _got, withdrawn, _stranger, broadcast = self.stopped_broadcast()
        first, second = self.press_retry(broadcast), self.press_retry(broadcast)
        (first | second).action_send()
        first.sudo()._plan()
        first.recipient_ids.sudo().state = "excluded"
        self.env.flush_all()
        second.sudo()._plan()
        first.recipient_ids.sudo().state = "planned"
        self.assertEqual(self.states(first), self.states(second))
        self.send()
        self.sandbox.post("/sandbox/members/confirm_all")
        self.assertEqual(len(self.sandbox.received(withdrawn.external_userid)), 1)

    def test_sending_failed_batches_again_after_a_retry(self):
        """WeCom refused the batch; the retry reached the customer; "Send again" on the batch reaches nobody."""
        customer = self.add_customer(self.anna)
        self.sandbox.post("/sandbox/faults", path=CREATE, kind="errcode", errcode=48002)
        with mute_logger("odoo.addons.wecom_customer_reach.models.wecom_broadcast_send"):
            broadcast = self.sent_broadcast()
        self.assertEqual(broadcast.state, "done")
        retry = self.press_retry(broadcast)
        retry.action_send()
        self.send()
        broadcast.batch_ids.action_retry()
        self.send()
        self.sandbox.post("/sandbox/members/confirm_all")
        self.assertEqual(len(self.sandbox.received(customer.external_userid)), 1)
        self.assertEqual(self.states(broadcast), {customer.name: ("excluded", "reached")})

    def test_rights(self):
        *_rest, broadcast = self.stopped_broadcast()
        with self.assertRaises(AccessError):
            broadcast.with_user(self.seller)._retry(["cancelled"])
        with self.assertRaises(AccessError):
            self.env["wecom.broadcast"].with_user(self.seller).create(
                {"name": "x", "corp_id": self.corp.id, "retry_of_id": broadcast.id}
            )
