from odoo import fields, models
from odoo.tools import SQL

from .wecom_broadcast_statistics import RESULT_STATES

CURVE_HOURS = 7 * 24


class WecomBroadcastOutcome(models.Model):
    """What came of a broadcast: deliveries by hour, clicks, leads and what they brought.

    Clicks and leads are found by the broadcast's utm source; numbers are counted with the rights of who looks at them,
    so that each equals the list it opens.
    """

    _inherit = "wecom.broadcast"

    currency_id = fields.Many2one(related="company_id.currency_id")
    click_count = fields.Integer(
        "Clicks",
        compute="_compute_click_count",
        help="Visits of the links of this broadcast. All customers get the same link, so nobody knows who clicked.",
    )
    lead_count = fields.Integer("Leads", compute="_compute_leads", groups="sales_team.group_sale_salesman")
    expected_revenue = fields.Monetary(
        compute="_compute_leads",
        groups="sales_team.group_sale_salesman",
        help="Of the leads of this broadcast that are neither won nor lost.",
    )
    won_revenue = fields.Monetary(
        compute="_compute_leads",
        groups="sales_team.group_sale_salesman",
        help="Of the leads of this broadcast that are won.",
    )
    outcome_lines = fields.Json(compute="_compute_outcome_lines", help="Everybody of the plan, by what became of him.")
    delivery_curve = fields.Json(
        compute="_compute_delivery_curve",
        help="How many customers had it after each hour since sending, up to 7 days.",
    )

    def _compute_click_count(self):
        groups = self.env["link.tracker.click"]._read_group(
            [("link_id.source_id", "in", self.source_id.ids)], ["link_id"], ["__count"]
        )
        counts = {}
        for link, count in groups:
            counts[link.source_id] = counts.get(link.source_id, 0) + count
        for broadcast in self:
            broadcast.click_count = counts.get(broadcast.source_id, 0) if broadcast.source_id else 0

    def _compute_leads(self):
        groups = (
            self.env["crm.lead"]
            .with_context(active_test=False)
            ._read_group(
                [("source_id", "in", self.source_id.ids)],
                ["source_id", "won_status"],
                ["__count", "expected_revenue:sum"],
            )
        )
        found = {(source, status): (count, revenue or 0) for source, status, count, revenue in groups}
        for broadcast in self:
            by_status = {
                status: found.get((broadcast.source_id, status), (0, 0)) for status in ("pending", "won", "lost")
            }
            broadcast.lead_count = sum(count for count, _revenue in by_status.values())
            broadcast.expected_revenue = by_status["pending"][1]
            broadcast.won_revenue = by_status["won"][1]

    def _compute_outcome_lines(self):
        labels = dict(self.env["wecom.broadcast.recipient"]._fields["state"]._description_selection(self.env))
        for broadcast in self:
            total = broadcast.planned_count
            numbers = {state: broadcast[f"{state}_count"] for state in RESULT_STATES}
            numbers["planned"] = total - sum(numbers.values())
            broadcast.outcome_lines = [
                {
                    "code": state,
                    "label": labels[state],
                    "count": numbers[state],
                    "share": 100 * numbers[state] / total if total else 0,
                }
                for state in ("sent", "pending", "not_friend", "capped", "refused", "cancelled", "planned")
                if numbers[state]
            ]

    def _compute_delivery_curve(self):
        sent = self.filtered("sending_at")
        (self - sent).delivery_curve = False
        if not sent:
            return
        self.env["wecom.broadcast.recipient"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT recipient.broadcast_id,
                          LEAST(GREATEST(floor(extract(epoch FROM recipient.sent_at - broadcast.sending_at) / 3600),
                                         0), %s)::integer AS hour,
                          count(*)
                     FROM wecom_broadcast_recipient recipient
                     JOIN wecom_broadcast broadcast ON broadcast.id = recipient.broadcast_id
                    WHERE recipient.broadcast_id = ANY(%s) AND recipient.state = 'sent'
                      AND recipient.sent_at IS NOT NULL
                 GROUP BY 1, 2""",
                CURVE_HOURS,
                sent.ids,
            )
        )
        by_hour = {(broadcast_id, hour): count for broadcast_id, hour, count in rows}
        now = fields.Datetime.now()
        for broadcast in sent:
            # The last value is this hour's: a line into the future would claim to know it.
            passed = min(int((now - broadcast.sending_at).total_seconds() // 3600) + 1, CURVE_HOURS)
            last = max(
                [hour + 1 for number, hour in by_hour if number == broadcast.id and hour < CURVE_HOURS] + [passed]
            )
            total, curve = 0, [0]
            for hour in range(last):
                total += by_hour.get((broadcast.id, hour), 0)
                curve.append(total)
            broadcast.delivery_curve = {"delivered": curve, "planned": broadcast.planned_count}

    def action_view_outcome(self, code):
        """Open exactly the customers of one line of the outcome: ``code`` is a recipient state."""
        self.ensure_one()
        return self.with_context(recipient_state=code).action_view_recipients()

    def action_view_clicks(self):
        """Open the clicks on the links of this broadcast."""
        domain = [("link_id.source_id", "in", self.source_id.ids)]
        return self._open("link.tracker.click", self.env._("Clicks"), domain, "list,graph")

    def action_view_links(self):
        """Open the tracked links of this broadcast."""
        domain = [("source_id", "in", self.source_id.ids)]
        return self._open("link.tracker", self.env._("Links"), domain, "list,form,graph")

    def action_view_leads(self):
        """Open the leads that came from this broadcast, lost ones included."""
        context = {"active_test": False}
        domain = [("source_id", "in", self.source_id.ids)]
        return self._open("crm.lead", self.env._("Leads"), domain, "list,kanban,graph,pivot,form", context)

    def action_view_report(self):
        """Open the recipients of this broadcast as a pivot and a graph: by member, by reason, by day."""
        return self._open(
            "wecom.broadcast.report",
            self.env._("Analysis of the Broadcast"),
            [("broadcast_id", "in", self.ids)],
            "pivot,graph,list",
        )

    def _open(self, model, name, domain, view_mode, context=None):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": view_mode,
            "views": [(False, mode) for mode in view_mode.split(",")],
            "domain": domain,
            "context": {"create": False, **(context or {})},
        }
