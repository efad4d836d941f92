from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .broadcast_common import BroadcastCase


@tagged("post_install", "-at_install")
class TestSender(BroadcastCase):
    """Which member sends, by which rule, and moving customers to another follower of theirs."""

    def setUp(self):
        super().setUp()
        self.salesperson = self.add_user("sender_sales", "base.group_user")
        self.bruno.user_id = self.salesperson

    def plan(self, **values):
        broadcast = self.broadcast(**values)
        broadcast.sudo()._plan()
        broadcast.sudo().state = "sending"
        return broadcast

    def senders(self, broadcast):
        """Return {contact: (member, rule)} of those who receive it."""
        rows = broadcast.recipient_ids.filtered("batch_id")
        for row in rows:
            self.assertEqual(row.batch_id.sender_id, row.member_id)
        return {row.contact_id: (row.member_id, row.sender_rule) for row in rows}

    def wizard(self, rows):
        """Take the action of the list; return the form of its dialog."""
        action = rows.with_user(self.manager).action_open_move()
        return Form(self.env[action["res_model"]].with_user(self.manager).with_context(**action["context"]))

    def test_every_row_says_by_which_rule_its_member_was_chosen(self):
        shared = self.add_customer(self.anna, self.bruno, self.clara, user_id=self.salesperson.id)
        annas = self.add_customer(self.anna, user_id=self.salesperson.id)
        silent = self.add_member("silent", may_broadcast=False)
        beside = self.add_customer(self.anna, self.clara, silent)
        nobody = self.env["wecom.member"]
        expected = {
            "wecom": [(nobody, "wecom"), (nobody, "wecom"), (self.clara, "last_switched_off")],
            "first": [(self.anna, "first"), (self.anna, "only"), (self.anna, "first")],
            "last": [(self.clara, "last"), (self.anna, "only"), (self.clara, "last")],
            "salesperson": [(self.bruno, "salesperson"), (nobody, "wecom_instead"), (self.clara, "last_instead")],
            "salesperson_only": [(self.bruno, "salesperson"), None, None],
        }
        for policy, senders in expected.items():
            with self.subTest(policy):
                found = self.senders(self.plan(sender_policy=policy))
                self.assertEqual([found.get(contact) for contact in (shared, annas, beside)], senders)

    def test_user_sends_to_his_own_customers(self):
        self.anna.user_id = self.seller
        own = self.add_customer(self.anna, self.bruno)
        broadcast = self.broadcast()
        broadcast.sudo().user_id = self.seller
        broadcast.sudo()._plan()
        self.assertEqual(self.senders(broadcast), {own: (self.anna, "own")})

    def test_customers_of_a_draft_are_moved_before_it_is_sent(self):
        """The user opens "Who sends", selects two customers, moves them to Clara: she sends to the one she follows."""
        both = self.add_customer(self.anna, self.clara)
        annas = self.add_customer(self.anna, self.bruno)
        draft = self.broadcast(sender_policy="first")
        action = draft.action_view_senders()
        rows = self.env[action["res_model"]].with_user(self.manager).search(action["domain"])
        self.assertEqual(rows.member_id, self.anna)
        self.assertEqual(draft.sender_message, "Added the customer first: 2")
        form = self.wizard(rows)
        self.assertEqual(form.followers_text.splitlines()[0], "Anna: 2")
        form.member_id = self.clara
        self.assertTrue(form.message.startswith("1 customers will be sent to by Clara. 1 stay"))
        form.save().action_move()
        self.assertEqual(draft.sender_message, "Added the customer first: 1 · Chosen by hand: 1")
        draft.action_send()
        self.send()
        self.assertEqual(self.senders(draft), {both: (self.clara, "moved"), annas: (self.anna, "first")})
        self.assertIn("Moved to Clara: 1.", self.notes(draft))
        self.assert_arrives_once(draft, both, annas)

    def test_choice_that_is_impossible_meanwhile_falls_back(self):
        customer = self.add_customer(self.anna, self.clara, self.bruno)
        draft = self.broadcast(sender_policy="first")
        draft.action_work_out_reach()
        rows = self.env["wecom.broadcast.reach"].search([("broadcast_id", "=", draft.id)])
        draft._move(rows, self.clara)
        self.clara.status = "left"
        draft.sudo()._plan()
        self.assertEqual(self.senders(draft), {customer: (self.anna, "first")})

    def test_recipients_are_moved_while_their_batch_waits(self):
        first, second, third = (self.add_customer(self.anna, self.clara) for _each in range(3))
        other = self.add_customer(self.anna, self.bruno)
        broadcast = self.plan(sender_policy="first")
        chosen = broadcast.recipient_ids.filtered(lambda row: row.contact_id in first + second + other)
        form = self.wizard(chosen)
        form.member_id = self.clara
        form.save().action_move()
        expected = {
            first: (self.clara, "moved"),
            second: (self.clara, "moved"),
            third: (self.anna, "first"),
            other: (self.anna, "first"),
        }
        self.assertEqual(self.senders(broadcast), expected)
        self.assertEqual([batch.recipient_count for batch in broadcast.batch_ids], [2, 2])
        third_row = broadcast.recipient_ids.filtered(lambda row: row.contact_id in third + other)
        broadcast._move(third_row, self.clara)
        broadcast._move(third_row, self.bruno)
        self.assertEqual(sorted(broadcast.batch_ids.mapped("state")), ["cancelled", "planned", "planned", "planned"])
        self.send()
        self.assert_arrives_once(broadcast, first, second, third, other)

    def test_what_wecom_has_been_asked_for_stays(self):
        customer = self.add_customer(self.anna, self.clara)
        broadcast = self.plan(sender_policy="first")
        broadcast.batch_ids.sudo().state = "claimed"
        self.assertEqual(broadcast._move(broadcast.recipient_ids, self.clara), 0)
        self.assertEqual(self.senders(broadcast), {customer: (self.anna, "first")})
        broadcast.sudo().state = "running"
        with self.assertRaisesRegex(UserError, "with WeCom already"):
            broadcast._move(broadcast.recipient_ids, self.clara)

    def test_moving_needs_the_right_to_write_and_keeps_to_own_members(self):
        self.anna.user_id = self.seller
        self.add_customer(self.anna, self.clara)
        broadcast = self.broadcast()
        broadcast.action_work_out_reach()
        rows = self.env["wecom.broadcast.reach"].search([("broadcast_id", "=", broadcast.id)])
        with self.assertRaises(AccessError):
            rows.with_user(self.seller).action_open_move()
        broadcast.sudo().user_id = self.seller
        broadcast.action_work_out_reach()
        rows = self.env["wecom.broadcast.reach"].search([("broadcast_id", "=", broadcast.id)])
        self.assertEqual(broadcast._possible_senders(rows).keys(), {self.anna.id}, "not those of other users")
        self.assertEqual(broadcast._move(rows, self.clara), 0)

    def test_statements_do_not_grow_with_the_selection(self):
        def statements(count):
            for _each in range(count):
                self.add_customer(self.anna, self.clara)
            broadcast = self.plan(sender_policy="first")
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(broadcast._move(broadcast.recipient_ids, self.clara), len(broadcast.recipient_ids))
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        statements(5)
        self.assertEqual(statements(5), statements(50))
