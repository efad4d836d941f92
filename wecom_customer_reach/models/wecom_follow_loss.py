from collections import defaultdict

from markupsafe import Markup, escape

from odoo import fields, models
from odoo.tools import format_date

LOST_BY_SOMEONE = ("deleted_by_customer", "deleted_by_member")
ACTIVITY_TYPE = "wecom_customer_reach.mail_activity_type_customer_lost"
LOST_ACTIVITY_POLICIES = [
    ("none", "Nobody"),
    ("member", "The member's Odoo user"),
    ("salesperson", "The salesperson of the partner"),
    ("manager", "The leader of the salesperson's team"),
]


class WecomFollow(models.Model):
    """Says on the partner that a member lost him in WeCom, or won him back, and gives somebody the task to act."""

    _inherit = "wecom.follow"

    def _tell_lost(self):
        """Note on the partners who ended these follows and when, and plan the activities that the corp asks for.

        A fixed number of statements for any number of follows.
        """
        self.env["wecom.loss"]._record(self)
        for corp, follows in self._by_corp():
            lost = follows.filtered(lambda follow: follow.status in LOST_BY_SOMEONE)
            lost._log_on_partners(lost._lost_sentence)
            lost._plan_lost_activities(corp)

    def _tell_won_back(self):
        """Note on the partners that they are back, and end the activities about their loss."""
        self.env["wecom.loss"]._record(self)
        for _corp, follows in self._by_corp():
            follows._log_on_partners(follows._won_back_sentence)
            follows.partner_id.activity_feedback(
                [ACTIVITY_TYPE], feedback=follows.env._("The customer is back on WeCom.")
            )

    def _tell_handed_over(self):
        """Take back what was told of a loss that turned out to be a hand-over."""
        self.env["wecom.loss"]._record(self)
        for _corp, follows in self._by_corp():
            feedback = follows.env._("The customer was handed over.")
            follows.partner_id.activity_feedback([ACTIVITY_TYPE], feedback=feedback)

    def _by_corp(self):
        """Yield each corp with its follows that have a partner; they speak the language of the corp's company."""
        for corp, follows in self.filtered("partner_id").grouped("corp_id").items():
            lang = corp.company_id.partner_id.lang or self.env.lang
            yield corp, follows.with_context(lang=lang)

    def _lost_sentence(self, follow):
        words = {
            "member": follow.member_id.display_name,
            "date": format_date(self.env, follow.lost_at),
        }
        if follow.status == "deleted_by_customer":
            return self.env._("Lost on WeCom: the customer deleted %(member)s on %(date)s.", **words)
        return self.env._("Lost on WeCom: %(member)s deleted the customer on %(date)s.", **words)

    def _won_back_sentence(self, follow):
        return self.env._("Won back on WeCom by %(member)s.", member=follow.member_id.display_name)

    def _log_on_partners(self, sentence):
        """Log ``sentence(follow)`` on the partner of each follow, one note for each partner."""
        sentences = defaultdict(list)
        for follow in self:
            sentences[follow.partner_id.id].append(escape(sentence(follow)))
        partners = self.env["res.partner"].browse(sentences)
        if partners:
            partners._message_log_batch(
                bodies={partner_id: Markup("<br/>").join(lines) for partner_id, lines in sentences.items()}
            )

    def _plan_lost_activities(self, corp):
        """Plan one activity for each partner, for whom the corp's policy names; nobody is told twice."""
        responsible = {}
        for follow in self:
            if user := follow._lost_responsible(corp.lost_activity_policy):
                responsible[follow.partner_id.id] = (user, follow)
        partners = self.env["res.partner"].browse(responsible)
        told = set(partners.activity_search([ACTIVITY_TYPE]).mapped("res_id"))
        # Seen in the list of activities; a letter for each would be too much when a nightly run finds hundreds.
        Activity = self.env["mail.activity"].with_context(mail_activity_quick_update=True)
        Activity.create(
            [
                {
                    "res_model_id": self.env["ir.model"]._get_id("res.partner"),
                    "res_id": partner_id,
                    "activity_type_id": self.env.ref(ACTIVITY_TYPE).id,
                    "automated": True,
                    "user_id": user.id,
                    "summary": self.env._("Win the customer back"),
                    "note": escape(self._lost_sentence(follow)),
                    "date_deadline": fields.Date.context_today(follow),
                }
                for partner_id, (user, follow) in responsible.items()
                if partner_id not in told
            ]
        )

    def _lost_responsible(self, policy):
        """Return the user who shall act, if the policy names one who is there."""
        salesperson = self.partner_id.user_id
        users = {
            "member": self.member_id.user_id,
            "salesperson": salesperson,
            "manager": salesperson.sale_team_id.user_id,
        }
        return users.get(policy, self.env["res.users"]).filtered("active")
