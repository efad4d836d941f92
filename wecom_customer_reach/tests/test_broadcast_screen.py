import ast

from odoo.tests import Form, tagged

from .broadcast_common import BroadcastCase


@tagged("post_install", "-at_install")
class TestBroadcastScreen(BroadcastCase):
    """What the screens of a broadcast say and open."""

    def open_from_list(self, partners, domain):
        """Take the action of the partner list as the web client does; return the new form."""
        action = self.env.ref("wecom_customer_reach.wecom_broadcast_action_from_partners")
        opened = (
            action.with_user(self.manager)
            .with_context(active_model="res.partner", active_ids=partners.ids, active_domain=domain)
            .run()
        )
        self.assertEqual(opened["res_model"], "wecom.broadcast")
        context = {"allowed_company_ids": self.company.ids, **opened["context"]}
        return Form(self.env["wecom.broadcast"].with_user(self.manager).with_context(**context))

    def rows(self, action, model="wecom.broadcast.recipient"):
        self.assertEqual(action["res_model"], model)
        return self.env[model].search(action["domain"])

    def test_selected_partners_become_the_audience(self):
        chosen = self.add_customer(self.anna).partner_id + self.add_partner("Stranger")
        self.add_customer(self.anna)
        form = self.open_from_list(chosen, [["category_id", "in", self.category.ids]])
        form.name = "To the chosen ones"
        broadcast = form.save()
        self.assertEqual(ast.literal_eval(broadcast.partner_domain), [("id", "in", chosen.ids)])
        self.assertEqual((broadcast.audience_count, broadcast.reachable_count), (2, 1))

    def test_everything_selected_keeps_the_filter(self):
        domain = [["category_id", "in", self.category.ids]]
        partners = self.add_customer(self.anna).partner_id + self.add_customer(self.bruno).partner_id
        form = self.open_from_list(partners, domain)
        self.assertEqual(ast.literal_eval(form.partner_domain), domain)

    def test_more_than_the_client_passes_keeps_the_filter(self):
        domain = [["category_id", "in", self.category.ids]]
        contacts = [self.add_customer(self.anna) for _number in range(4)]
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", 3)
        form = self.open_from_list(contacts[0].partner_id + contacts[1].partner_id + contacts[2].partner_id, domain)
        self.assertEqual(ast.literal_eval(form.partner_domain), domain)
        self.assertEqual(form.audience_count, 4)

    def test_selected_in_the_form_without_a_list(self):
        partner = self.add_customer(self.anna).partner_id
        form = self.open_from_list(partner, None)
        self.assertEqual(ast.literal_eval(form.partner_domain), [("id", "in", partner.ids)])

    def test_reach_report_opens_exactly_what_it_counts(self):
        reached = self.add_customer(self.anna)
        opted_out = self.add_customer(self.anna, wecom_opt_out=True)
        self.add_partner("Stranger")
        broadcast = self.broadcast()
        self.assertEqual(broadcast.reach_message, "2 of 3 cannot be reached.")
        expected = {"": reached.partner_id.name, "opted_out": opted_out.partner_id.name, "no_contact": "Stranger"}
        self.assertEqual([line["code"] for line in broadcast.reach_lines][0], "")
        self.assertEqual({line["code"] for line in broadcast.reach_lines}, set(expected))
        for line in broadcast.reach_lines:
            self.assertEqual((line["count"], round(line["share"])), (1, 33))
            partners = self.rows(broadcast.action_view_reason(line["code"]), "res.partner")
            self.assertEqual(partners.mapped("name"), [expected[line["code"]]])

        broadcast.action_send()
        self.send()
        self.assertEqual(broadcast.reach_message, "2 of 3 could not be reached.")
        for line in broadcast.reach_lines:
            recipients = self.rows(broadcast.action_view_reason(line["code"]))
            self.assertEqual(recipients.partner_id.mapped("name"), [expected[line["code"]]])

    def test_every_figure_opens_exactly_its_rows(self):
        for _number in range(2):
            self.add_customer(self.anna)
        gone = self.add_customer(self.anna)
        self.add_customer(self.clara)
        self.sandbox.post(f"/sandbox/customers/{gone.external_userid}/delete_member", userid="anna")
        broadcast = self.sent_broadcast()
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.read_results(broadcast)
        for state, count in {"sent": 2, "not_friend": 1, "pending": 1}.items():
            self.assertEqual(broadcast[f"{state}_count"], count)
            rows = self.rows(broadcast.with_context(recipient_state=state).action_view_recipients())
            self.assertEqual(rows.mapped("state"), [state] * count)
        self.assertEqual(broadcast.member_message, "1 of 2 members have not sent yet; 3 reminders left today.")
        self.assertEqual(broadcast.progress_text, "2 of 4 delivered · 1 of 2 members")
        anna = broadcast.task_ids.filtered(lambda task: task.member_id == self.anna)
        self.assertEqual((anna.delivered_count, anna.not_friend_count, anna.recipient_count), (2, 1, 3))
        self.assertEqual(len(self.rows(anna.action_view_recipients())), 3)
        self.assertEqual(self.rows(broadcast.action_view_tasks(), "wecom.broadcast.task"), broadcast.task_ids)
        self.assertEqual(broadcast.task_ids[0].member_id, self.clara, "who has not sent stands first")

    def test_stopping_says_first_what_cannot_be_recalled(self):
        self.add_customer(self.anna)
        self.add_customer(self.clara)
        broadcast = self.sent_broadcast()
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.read_results(broadcast)
        action = broadcast.action_open_stop()
        dialog = Form(self.env[action["res_model"]].with_user(self.manager).with_context(**action["context"]))
        self.assertIn("1 customers have received this broadcast; that cannot be recalled.", dialog.message)
        self.assertEqual(broadcast.state, "running", "asking stops nothing")
        dialog.save().action_stop()
        self.send()
        self.read_results(broadcast)
        self.assertEqual(broadcast.state, "cancelled")
        self.assertIn("Stopped. 1 customers had received it before", broadcast.result_message)

    def test_screens_of_many_broadcasts_cost_no_more_statements(self):
        self.add_customer(self.anna)
        first = self.sent_broadcast()
        model = self.env["wecom.broadcast"].with_user(self.manager)
        for view_type in ("list", "kanban"):
            fields = model.get_views([(False, view_type)])["models"]["wecom.broadcast"]["fields"]
            names = [name for name in fields if name in self.fields_of_view(model, view_type)]
            few = self.statements(model, first, names)
            copies = first
            for _number in range(9):
                copies += self.sent_broadcast()
            self.assertLessEqual(self.statements(model, copies, names), few, view_type)

    def fields_of_view(self, model, view_type):
        return set(model.get_views([(False, view_type)])["views"][view_type]["arch"].split('"'))

    def statements(self, model, broadcasts, names):
        """Return how many statements reading these fields takes, with an empty cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        model.browse(broadcasts.ids).web_read({name: {} for name in names})
        return self.env.cr.sql_log_count - before

    def test_demo_data_fills_every_screen(self):
        module = self.env["ir.module.module"].search([("name", "=", "wecom_customer_reach")])
        demo = self.env.ref("wecom_customer_reach.wecom_broadcast_demo_closed", raise_if_not_found=False)
        self.assertEqual(bool(demo), module.demo, "demo data is there exactly when it was asked for")
        if demo:
            states = set(self.env["wecom.broadcast"].search([("corp_id", "=", demo.corp_id.id)]).mapped("state"))
            self.assertEqual(states, {"draft", "to_approve", "scheduled", "sending", "running", "done", "cancelled"})
            self.assertFalse(demo.corp_id.sudo().secret, "demo data calls nobody")
