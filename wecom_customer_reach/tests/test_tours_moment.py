from odoo.tests import HttpCase, tagged

from .broadcast_common import png
from .moment_common import MomentCase
from .test_tours import BrowserActions


@tagged("post_install", "-at_install")
class TestMomentTour(BrowserActions, MomentCase, HttpCase):
    """What people do in the browser around moments."""

    def test_compose_publish_and_follow(self):
        customer = self.add_customer(self.anna)
        self.start_tour("/odoo/wecom-moments", "wecom_moment_compose", login=self.manager.login)
        moment = self.env["wecom.moment"].search([("name", "=", "New teas of the season")])
        self.assertEqual((moment.state, moment.audience_mode), ("creating", "all"))
        self.run_publisher()
        self.publishes(self.anna, moment)
        self.reacts(customer, "like", moment, self.anna)
        self.read_moment(moment)
        self.start_tour("/odoo/wecom-moments", "wecom_moment_follow", login=self.manager.login)
        self.manager.group_ids += self.env.ref("sales_team.group_sale_salesman")
        self.start_tour(f"/odoo/contacts/{customer.partner_id.id}", "wecom_moment_to_lead", login=self.manager.login)
        reaction = self.env["wecom.moment.reaction"].search([("moment_id", "=", moment.id)])
        lead = reaction.lead_id
        self.assertEqual((lead.partner_id, lead.source_id), (customer.partner_id, moment.source_id))

    def test_preview(self):
        pictures = [self.picture(png(20), f"{number}.png") for number in range(4)]
        self.moment(name="Four pictures", attachment_ids=pictures)
        self.start_tour("/odoo/wecom-moments", "wecom_moment_preview", login=self.manager.login)
