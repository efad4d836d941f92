from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    wecom_corp_id = fields.Many2one(
        "wecom.corp",
        string="WeCom Corp",
        compute="_compute_wecom_corp_id",
        groups="wecom_customer_reach.group_wecom_user",
    )

    def _compute_wecom_corp_id(self):
        corps = self.env["wecom.corp"].search([("company_id", "in", self.ids)])
        corp_by_company = {corp.company_id: corp for corp in corps}
        for company in self:
            company.wecom_corp_id = corp_by_company.get(company, False)
