from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from .cap_policy import next_window_date
from .exclusion import CAP, EXCLUSION_RULES

ACTIVITY_TYPE = "wecom_customer_reach.mail_activity_type_reach"
MOST_ACTIVITIES = 1000
MOST_IN_COMPOSER = 10_000
"""Odoo's SMS composer takes no longer list of ids; the fallbacks hand it over in parts."""


class WecomBroadcastReachAction(models.Model):
    """The buttons of the reach report: each does something for all customers of one reason."""

    _inherit = "wecom.broadcast"

    def action_for_reason(self, code, action):
        """Do ``action`` (a key of REACH_ACTIONS) for the customers whom the reason ``code`` leaves out."""
        self.ensure_one()
        self.check_access("read")
        if not any(rule.code == code and action in rule.buttons for rule in EXCLUSION_RULES):
            raise UserError(self.env._("This cannot be done for these customers."))
        if not self.planned_at and self.audience_count <= self._live_reach_limit:
            self._work_out_reach()
        domain = self._reason_domain(code)
        match action:
            case "match":
                return self._match_action(domain)
            case "members":
                return self._members_action()
            case "sms":
                return self._write_to(domain, self._sms_composer())
            case "email":
                return self._write_to(domain, self._email_composer())
            case _:
                return self._ask_for(action, self.env["res.partner"].search(domain, limit=MOST_ACTIVITIES + 1))

    def _reason_action(self, rule):
        """Return what can be done for the customers of a rule, in words."""
        words = self.env._(rule.action)  # pylint: disable=translation-not-lazy
        free = rule.code == CAP and next_window_date(self.corp_id.cap_policy, fields.Datetime.now())
        if not free:
            return words
        return f"{words} {self.env._('They are free again on %s.', format_date(self.env, free))}"

    def _match_action(self, domain):
        candidates = Domain("candidate_partner_ids", "any", domain) & Domain("match_state", "=", "to_match")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("To match"),
            "res_model": "wecom.contact",
            "view_mode": "list,form",
            "views": [(False, "list"), (False, "form")],
            "domain": list(candidates & Domain("corp_id", "=", self.corp_id.id)),
        }

    def _members_action(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Members"),
            "res_model": "wecom.member",
            "view_mode": "list,form",
            "views": [(False, "list"), (False, "form")],
            "domain": [
                ("corp_id", "=", self.corp_id.id),
                "|",
                ("may_broadcast", "=", False),
                ("status", "!=", "active"),
            ],
        }

    def _write_to(self, domain, composer):
        """Return the action that opens ``composer`` to the partners of ``domain``."""
        partners = self.env["res.partner"].search(domain, limit=MOST_IN_COMPOSER + 1)
        if len(partners) > MOST_IN_COMPOSER:
            raise UserError(
                self.env._(
                    "Odoo writes to %s customers at once at most. Add a line on the tab Fallback: it writes to any "
                    "number of them.",
                    self._number(MOST_IN_COMPOSER),
                )
            )
        return self._composer_action(composer, partners)

    def _ask_for(self, action, partners):
        """Give the user who can do something for each customer an activity; nobody has two of them open."""
        if len(partners) > MOST_ACTIVITIES:
            raise UserError(
                self.env._(
                    "These are more than %s customers, too many to ask for one by one. Click the number, filter the "
                    "most important ones, and give them an activity there; or use SMS or e-mail.",
                    self._number(MOST_ACTIVITIES),
                )
            )
        kind = self.env.ref(ACTIVITY_TYPE).sudo()
        activities = self.env["mail.activity"].sudo().with_context(mail_activity_quick_update=True)
        asked = activities.search(
            [("activity_type_id", "=", kind.id), ("res_model", "=", "res.partner"), ("res_id", "in", partners.ids)]
        )
        new = partners.sudo() - self.env["res.partner"].sudo().browse(asked.mapped("res_id"))
        members = self._members_of_users()
        model_id = self.env["ir.model"]._get_id("res.partner")
        activities.create(
            [
                {
                    "res_model_id": model_id,
                    "res_id": partner.id,
                    "activity_type_id": kind.id,
                    "date_deadline": fields.Date.context_today(self),
                    **self._request(action, partner, members),
                }
                for partner in new
            ]
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "Activities made: %(made)s. Open already: %(open)s.", made=len(new), open=len(partners) - len(new)
                ),
            },
        }

    def _members_of_users(self):
        """Return {user id: member who can send as this user}."""
        members = self.env["wecom.member"].sudo()
        able = members.search([("corp_id", "=", self.corp_id.id), ("user_id", "!=", False), ("status", "=", "active")])
        return {member.user_id.id: member for member in able}

    def _request(self, action, partner, members):
        """Return who is asked, and the words: values of the activity for one partner."""
        follows = partner.wecom_follow_ids.filtered(lambda follow: follow.member_id.corp_id == self.corp_id)
        user = partner.user_id
        if action == "ask_to_accept":
            user = follows.filtered(lambda follow: follow.status == "half").member_id.user_id[:1] or user
        elif action == "hand_over":
            user = follows.member_id.manager_user_id[:1] or user
        if not user.active or self.company_id not in user.company_ids:
            user = self.user_id
        member = members.get(user.id)
        values = {
            "customer": partner.name,
            "phone": partner.phone or self.env._("no telephone number"),
            "card": member.display_name if member else self.env._("a member"),
            "position": (member and member.position) or "",
            "left": ", ".join(follows.member_id.mapped("name")),
        }
        match action:
            case "ask_to_accept":
                summary = self.env._("Accept the customer on WeCom")
                note = self.env._("%(customer)s has added %(left)s, who has not accepted yet.", **values)
            case "hand_over":
                summary = self.env._("Hand the customer over on WeCom")
                note = self.env._(
                    "%(customer)s was followed by %(left)s, who left. Hand him over to another member in WeCom's "
                    "console, under Customer Contact, or let %(card)s add him: %(phone)s.",
                    **values,
                )
            case _:
                summary = self.env._("Add the customer on WeCom")
                note = self.env._("%(customer)s, %(phone)s, should be added by %(card)s %(position)s.", **values)
        return {"summary": summary, "note": note, "user_id": user.id}
