"""Every list, kanban and form of the addon takes as many statements for many rows as for a few."""

from lxml import etree

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .broadcast_common import png
from .moment_common import MomentCase
from .roles_table import ALLOWED

MANY = 10_000  # more than there are, else they are counted as well
VIEW_TYPES = ("list", "kanban", "form")
ALONE = {
    # Models of which this test cannot make many: why.
    "wecom.corp": "one active corp for each company",
    "wecom.setup.check": "the same rows for each corp",
    "wecom.broadcast.import": "one row for each corp",
    "wecom.moment.import": "one row for each corp",
}


def specification(arch, model):
    """What the web client asks ``web_read`` for when it shows this view of ``model``; ``arch`` is an element."""
    wanted = {}

    def walk(node):
        if node.tag != "field" or node.get("name") not in model._fields:
            for child in node:
                walk(child)
            return
        field = model._fields[node.get("name")]
        asked = wanted.setdefault(field.name, {})
        if not field.relational:
            return
        lines = asked.setdefault("fields", {"display_name": {}})
        for view in node:
            lines |= specification(view, model.env[field.comodel_name])

    for node in arch:
        walk(node)
    return wanted


@tagged("post_install", "-at_install")
class TestStatements(MomentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "wecom_customer_reach.group_wecom_administrator,sales_team.group_sale_salesman,base.group_system"
        cls.administrator = cls.add_user("statements_administrator", groups)
        cls.number = 0

    def test_many_rows_cost_no_more_statements(self):
        self.add_rows(2)
        few, rows = self.count_all(), self.rows()
        self.add_rows(8)
        many, more_rows = self.count_all(), self.rows()
        for key, statements in many.items():
            with self.subTest(view=key):
                self.assertLessEqual(statements, few[key])
        shown = {model for model, _view_type, _name in many} - set(ALONE)
        self.assertFalse(
            sorted(model for model in shown if more_rows[model] < rows[model] + 4),
            "these have no more rows than before",
        )

    def views(self):
        """Yield (model, view type, view) of what the addon shows of its own models, transient ones apart."""
        own = self.env["ir.model.data"].search([("model", "=", "ir.ui.view"), ("module", "=", "wecom_customer_reach")])
        for view in self.env["ir.ui.view"].browse(own.mapped("res_id")):
            if view.model in ALLOWED and view.mode == "primary" and view.type in VIEW_TYPES:
                model = self.env[view.model].with_user(self.administrator)
                if not model._transient and model.has_access("read"):
                    yield model, view.type, view

    def count_all(self):
        """Return {(model, view type, name of the view): statements it takes to show it}."""
        counts = {}
        for _fills_caches_first in range(2):
            for model, view_type, view in self.views():
                counts[model._name, view_type, view.name] = self.statements(model, view_type, view)
        return counts

    def rows(self):
        """Return {model: number of its rows the administrator sees}."""
        return {model._name: model.search_count(self.of_corp(model)) for model, _view_type, _view in self.views()}

    def of_corp(self, model):
        """Return the domain of the rows of this test's corp, newest first where there is only one to show."""
        return [("company_id", "in", [self.company.id, False])] if "company_id" in model._fields else []

    def statements(self, model, view_type, view):
        """Return how many statements it takes to show the rows in a view, or the newest one in a form."""
        arch = etree.fromstring(model.get_view(view.id, view_type)["arch"])
        wanted = specification(arch, model)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        limit = 1 if view_type == "form" else MANY
        model.with_context(bin_size=True, tz="Asia/Shanghai").web_search_read(
            self.of_corp(model), wanted, limit=limit, order="id desc"
        )
        return self.env.cr.sql_log_count - before

    def add_rows(self, count):
        """Add ``count`` rows of every model; the newest ones have as many lines as there are rows."""
        for _number in range(count):
            type(self).number += 1
            self.add_master_data(self.add_customer(self.anna, self.bruno))
        for _number in range(count):
            self.add_campaign()
            self.add_post()
        self.env.flush_all()

    def add_campaign(self):
        """A draft with its reach report and what shall happen instead, and a broadcast with results."""
        sent = self.sent_broadcast(fallback_ids=[Command.create({"reason": "any", "way": "activity"})])
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(sent)
        draft = self.broadcast(attachment_ids=[Command.create({"kind": "image", "file": png(), "filename": "tea.png"})])
        draft.action_work_out_reach()
        self.env["wecom.broadcast.fallback.line"].sudo().create(
            [
                {
                    "fallback_id": sent.fallback_ids.id,
                    "broadcast_id": sent.id,
                    "partner_id": recipient.partner_id.id,
                    "recipient_id": recipient.id,
                    "reason": "pending",
                }
                for recipient in sent.recipient_ids
            ]
        )

    def add_post(self):
        """A moment that a member has published, and what a customer did."""
        moment = self.published()
        self.publishes(self.anna, moment)
        customer = self.env["wecom.contact"].search([("corp_id", "=", self.corp.id)], limit=1)
        self.reacts(customer, "like", moment, self.anna)
        self.let_time_pass(moment)
        self.read_moment(moment)
        rule = self.add_row("wecom.moment.rule", name=f"Rule {self.number}", corp_id=self.corp.id)
        self.add_row("wecom.moment.rule.log", rule_id=rule.id, moment_id=moment.id, contact_id=customer.id)

    def add_master_data(self, customer):
        """A member, a tag in a group of its own, its putting on a customer, a material, an event, a loss, a run."""
        number = f"{self.number:02d}"
        corp = {"corp_id": self.corp.id}
        now = fields.Datetime.now()
        member = self.add_member(f"member{number}")
        self.add_customer(member)
        group = self.add_row("wecom.tag.group", **corp, external_id=f"g{number}", name=f"Group {number}")
        tag = self.add_row("wecom.tag", **corp, external_id=f"t{number}", name=f"Tag {number}", group_id=group.id)
        follow = customer.follow_ids[:1]
        marking = self.add_row("wecom.tag.marking", **corp, user_id=self.manager.id, add_tag_ids=tag.ids)
        for line_of in self.env["wecom.contact"].search([("corp_id", "=", self.corp.id)]):
            self.add_row(
                "wecom.tag.marking.line",
                marking_id=marking.id,
                follow_id=line_of.follow_ids[:1].id,
                tag_id=tag.id,
                operation="put_on",
            )
        follow.sudo().tag_ids += tag
        category = self.add_row("wecom.material.category", name=f"Shelf {number}", company_id=self.company.id)
        self.add_row(
            "wecom.material",
            name=f"Tea {number}",
            is_shared=True,
            company_id=self.company.id,
            category_id=category.id,
            attachment_ids=[Command.create({"kind": "image", "file": png(), "filename": "tea.png"})],
        )
        event = {"event_type": "change_external_contact", "subject": customer.external_userid, "xml": "<xml/>"}
        times = {"made_at": now, "received_at": now}
        self.add_row("wecom.event", **corp, **event, **times, event_hash=number, state="failed")
        self.add_row(
            "wecom.loss",
            follow_id=follow.id,
            member_id=member.id,
            contact_id=customer.id,
            ended_by="deleted_by_customer",
            lost_at=now,
        )
        self.add_row("wecom.sync", **corp, state="done")
        self.add_row("wecom.erasure", **corp, contact_hash=number)

    def add_row(self, model, **values):
        return self.env[model].sudo().create(values)
