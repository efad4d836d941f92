"""Every button of every screen, for every group: it is shown to whoever may press it, and it refuses everybody else."""

from contextlib import suppress

from lxml import etree
from psycopg2 import Error

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .moment_common import MomentCase
from .roles_table import BUTTONS

FOR_ALL = {
    # Models whose rows every user sees: why.
    "res.partner",  # as far as Odoo's own rules show them; what opens is filtered
    "wecom.corp",  # what opens is filtered
    "wecom.material",  # shared
    "wecom.member",  # colleagues
    "wecom.tag",
}
OPENS_WHAT_REFUSES = {
    # Opens a form or a dialog that refuses, or has nothing to show; these change nothing themselves.
    ("wecom.broadcast", "action_open_record"),
    ("wecom.broadcast", "action_open_test"),
    ("wecom.tag.marking", "action_refresh"),
    ("wecom.tag.marking.start", "action_start"),  # marks the follows that the user sees: none
}
OWN_VIEWS = [("model", "=", "ir.ui.view"), ("module", "=", "wecom_customer_reach")]


def buttons_of(env, model, arch):
    """Yield (model, method) of the object buttons of a view; those inside a list of lines belong to its model."""

    def walk(node, model):
        if node.tag == "button" and node.get("type") == "object":
            yield model, node.get("name")
        field = env[model]._fields.get(node.get("name")) if node.tag == "field" and model in env else None
        inner = field.comodel_name if field is not None and len(node) and field.relational else model
        for child in node:
            yield from walk(child, inner)

    yield from walk(arch, model)


@tagged("post_install", "-at_install")
class TestButtons(MomentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            "user": cls.seller,
            "manager": cls.manager,
            "administrator": cls.add_user(
                "buttons_administrator", "wecom_customer_reach.group_wecom_administrator,base.group_system"
            ),
        }
        # Leads are shown to whoever works with the CRM.
        for user in cls.users.values():
            user.group_ids += cls.env.ref("sales_team.group_sale_salesman")
        data = cls.env["ir.model.data"].search(OWN_VIEWS)
        cls.views = cls.env["ir.ui.view"].browse(data.mapped("res_id"))

    def all_buttons(self):
        """Return {(model, method)} of all views of the addon, also of those that change a view of Odoo."""
        found = set()
        for view in self.views:
            arch = etree.fromstring(view.arch)
            found |= set(buttons_of(self.env, view.model, arch))
        return {button for button in found if button[0] in self.env}

    def test_every_button_stands_in_the_table(self):
        self.assertEqual(self.all_buttons(), set(BUTTONS))

    def test_shown_to_whoever_may_press(self):
        for group, user in self.users.items():
            shown = set()
            for view in self.views.filtered(lambda view: view.model.startswith("wecom.") and view.mode == "primary"):
                model = self.env[view.model].with_user(user)
                if not model.has_access("read"):
                    continue
                arch = etree.fromstring(model.get_view(view.id, view.type)["arch"])
                shown |= set(buttons_of(self.env, view.model, arch))
            for button, letters in BUTTONS.items():
                if not button[0].startswith("wecom."):
                    continue
                with self.subTest(group=group, button=button):
                    if group[0] in letters:
                        self.assertTrue(button in shown, "may press it, but cannot see it")
                    else:
                        self.assertFalse(button in shown, "sees it, but may not press it")

    def test_pressed(self):
        """What is in the way of a row (nothing to do, not now) is another matter than who presses."""
        rows = self.rows()
        self.env.flush_all()
        for (model, method), letters in BUTTONS.items():
            for group, user in self.users.items():
                with self.subTest(group=group, button=(model, method)):
                    self.assertEqual(self.refused(model, rows[model], method, user), group[0] not in letters)

    def test_pressed_on_rows_of_others(self):
        """Whoever has no customer and no campaign of his own presses nothing, though his group may."""
        rows = self.rows()
        other = self.add_user("buttons_other", "wecom_customer_reach.group_wecom_user,sales_team.group_sale_salesman")
        self.env.flush_all()
        pressed = {
            (model, method)
            for (model, method), letters in BUTTONS.items()
            if "u" in letters and not self.refused(model, rows[model], method, other)
        }
        for model, method in sorted(pressed - OPENS_WHAT_REFUSES):
            if model not in FOR_ALL:
                with self.subTest(button=(model, method)):
                    action = getattr(rows[model].with_user(other), method)()
                    opened = self.env[action["res_model"]].with_user(other)
                    self.assertEqual(opened.search_count(action["domain"]), 0, "opens rows of others")

    def refused(self, model, row, method, user):
        """Return whether the button refused the user; what it did is undone."""
        self.env.invalidate_all()
        refused = False
        point = self.env.cr.savepoint(flush=False)
        try:
            with mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule"):
                as_user = self.env(user=user)
                if isinstance(row, dict):
                    row = as_user[model].sudo().create(row).sudo(False)
                    self.env.flush_all()
                    self.env.invalidate_all()
                getattr(row.with_env(as_user), method)()
        except AccessError:
            refused = True
        except (UserError, Error):
            refused = False
        finally:
            self.env.transaction.clear()
            with suppress(Error):
                point.close(rollback=True)
        return refused

    def rows(self):
        """Return {model: a row that all groups may see, if they may see any}."""
        customer = self.add_customer(self.anna)
        partner = customer.partner_id
        create = self.creating
        draft = (
            self.env["wecom.broadcast"]
            .with_user(self.seller)
            .create(
                {
                    "name": "Mine",
                    "corp_id": self.corp.id,
                    "partner_domain": repr([("id", "in", partner.ids)]),
                    "text": "Hello",
                }
            )
        )
        sent = draft.copy()
        sent.action_send()
        self.send()
        self.read_results(sent)
        moment = self.moment(user=self.seller)
        group = create("wecom.tag.group", corp_id=self.corp.id, external_id="g", name="Level")
        tag = create("wecom.tag", corp_id=self.corp.id, external_id="t", name="Gold", group_id=group.id)
        fallback = create("wecom.broadcast.fallback", broadcast_id=draft.id, reason="any", way="activity")
        self.corp.action_open_setup()
        batch = sent.sudo().batch_ids
        rows = {
            "res.partner": partner,
            "wecom.broadcast": draft,
            "wecom.broadcast.batch": batch,
            "wecom.broadcast.task": batch.task_ids,
            "wecom.broadcast.fallback": fallback,
            "wecom.broadcast.reach": self.reach_row(draft),
            "wecom.broadcast.import": create("wecom.broadcast.import", corp_id=self.corp.id),
            "wecom.contact": customer,
            "wecom.corp": self.corp,
            "wecom.setup.check": self.env["wecom.setup.check"].search([("corp_id", "=", self.corp.id)], limit=1),
            "wecom.event": create(
                "wecom.event",
                corp_id=self.corp.id,
                event_hash="h",
                event_type="change_external_tag",
                subject="change_external_tag",
                xml="<xml/>",
                made_at="2026-01-01",
                received_at="2026-01-01",
                state="failed",
            ),
            "wecom.follow": customer.follow_ids,
            "wecom.material": create("wecom.material", name="Tea", is_shared=True, company_id=self.company.id),
            "wecom.member": self.anna,
            "wecom.member.task": self.env["wecom.member.task"].search([("broadcast_id", "=", sent.id)]),
            "wecom.member.completion": self.env["wecom.member.completion"].search([], limit=1),
            "wecom.moment": moment,
            "wecom.moment.import": create("wecom.moment.import", corp_id=self.corp.id),
            "wecom.sync": create("wecom.sync", corp_id=self.corp.id),
            "wecom.tag": tag,
            "wecom.tag.marking": create("wecom.tag.marking", corp_id=self.corp.id, user_id=self.seller.id),
        }
        rows["wecom.moment.rule"] = create("wecom.moment.rule", name="Call", corp_id=self.corp.id)
        rows["wecom.moment.rule.log"] = create(
            "wecom.moment.rule.log",
            rule_id=rows["wecom.moment.rule"].id,
            moment_id=moment.id,
            contact_id=customer.id,
            state="failed",
        )
        # The row of a wizard is for whoever opened it alone: here are the values of one.
        rows |= {
            "wecom.broadcast.decision": {"broadcast_id": draft.id, "version": "1"},
            "wecom.broadcast.move": {
                "broadcast_id": draft.id,
                "row_model": "wecom.broadcast.reach",
                "member_id": self.anna.id,
            },
            "wecom.broadcast.retry": {"broadcast_id": sent.id},
            "wecom.broadcast.stop": {"broadcast_id": sent.id},
            "wecom.broadcast.test": {"broadcast_id": draft.id, "member_id": self.anna.id, "contact_id": customer.id},
            "wecom.erasure.start": {"contact_ids": customer.ids},
            "wecom.material.insert": {
                "content_ref": f"wecom.broadcast,{draft.id}",
                "material_id": rows["wecom.material"].id,
            },
            "wecom.tag.delete": {"tag_ids": tag.ids},
            "wecom.tag.marking.start": {
                "corp_id": self.corp.id,
                "operation": "put_on",
                "tag_ids": tag.ids,
                "customer_model": "wecom.contact",
                "customer_domain": repr([("id", "in", customer.ids)]),
            },
            "res.config.settings": {"company_id": self.company.id},
        }
        self.assertFalse([model for model, row in rows.items() if not row], "a button needs a row")
        return rows

    def reach_row(self, draft):
        """Return the first row of what a draft will reach."""
        draft.action_work_out_reach()
        self.env.flush_all()
        return self.env["wecom.broadcast.reach"].search([("broadcast_id", "=", draft.id)], limit=1)

    def creating(self, model, **values):
        return self.env[model].create(values)
