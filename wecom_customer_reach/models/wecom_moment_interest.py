from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

USER = "wecom_customer_reach.group_wecom_user"


class WecomContactInterest(models.Model):
    """A customer who wants no moments for a while: marked by whoever heard it, over by itself.

    WeCom hides moments from a customer who taps "not interested" for a week and tells nobody; this keeps the company
    from going on with its lists meanwhile.
    """

    _inherit = "wecom.contact"

    no_moments_until = fields.Datetime(readonly=True, copy=False)
    no_moments_user_id = fields.Many2one("res.users", "Not Interested, Noted By", readonly=True, copy=False)

    def _mark_not_interested(self, until):
        """Write until when these customers want no moments, False when they do again. Raises when not the user's."""
        self.check_access("read")
        self.sudo().write({"no_moments_until": until, "no_moments_user_id": until and self.env.uid})


class ResPartnerInterest(models.Model):
    _inherit = "res.partner"

    wecom_no_moments_until = fields.Datetime(
        "No WeCom Moments Until",
        compute="_compute_wecom_no_moments_until",
        groups=USER,
        help="Not interested: company moments to a partner list leave the customer out until then.",
    )

    @api.depends("wecom_contact_ids.no_moments_until")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_wecom_no_moments_until(self):
        now = fields.Datetime.now()
        for partner in self:
            times = [time for time in partner.wecom_contact_ids.mapped("no_moments_until") if time and time > now]
            partner.wecom_no_moments_until = max(times, default=False)

    def action_wecom_not_interested(self):
        """Note that these customers want no moments for as many days as the company's policy says."""
        contacts = self.wecom_contact_ids
        if not contacts:
            raise UserError(self.env._("This customer is not in WeCom."))
        for corp, of_corp in contacts.grouped("corp_id").items():
            days = corp.moment_pause_days
            if not days:
                raise UserError(self.env._("The settings have no days for which customers get no moments."))
            of_corp._mark_not_interested(fields.Datetime.now() + timedelta(days=days))

    def action_wecom_interested(self):
        """Take the mark off these customers."""
        self.wecom_contact_ids._mark_not_interested(False)


class WecomCorpInterest(models.Model):
    """Who is kept out of moments by the company's policies."""

    _inherit = "wecom.corp"

    moment_pause_days = fields.Integer(
        "Days Without Moments",
        required=True,
        default=7,
        help="For how long a customer marked as not interested is left out of moments to partner lists. 0: no marks.",
    )
    moment_forbidden_industry_ids = fields.Many2many(
        "res.partner.industry",
        "wecom_corp_forbidden_industry_rel",
        string="Industries Without Moments",
        default=lambda self: self._default_forbidden_industries(),
        help="A company of one of these publishes no moments; customers of one are left out of partner lists.",
    )

    _moment_pause_not_negative = models.Constraint("CHECK (moment_pause_days >= 0)", "The days cannot be negative.")

    @api.model
    def _default_forbidden_industries(self):
        """Finance, and government: of the industries that may not use moments, those that Odoo knows by name."""
        names = ("res_partner_industry_K", "res_partner_industry_O")
        found = [self.env.ref(f"base.{name}", raise_if_not_found=False) for name in names]
        return self.env["res.partner.industry"].browse([industry.id for industry in found if industry])


class WecomMomentIndustry(models.Model):
    _inherit = "wecom.moment"

    def _check_permission(self):
        result = super()._check_permission()
        industry = self.company_id.sudo().partner_id.industry_id
        if industry in self.corp_id.sudo().moment_forbidden_industry_ids:
            raise UserError(
                self.env._(
                    "%(company)s works in %(industry)s, and companies of this industry may not publish moments. An "
                    "administrator can change the list in the settings.",
                    company=self.company_id.name,
                    industry=industry.name,
                )
            )
        return result
