from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

DAYS = 90


class WecomMemberCompletion(models.Model):
    """How reliably a member confirms: his part in the broadcasts of the last 90 days, tests left aside.

    What was withdrawn before he confirmed counts for and against nobody.
    """

    _name = "wecom.member.completion"
    _description = "WeCom Member Completion"
    _auto = False
    _order = "sent_percent desc, median_hours, member_id"
    _rec_name = "member_id"

    member_id = fields.Many2one("wecom.member", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    task_count = fields.Integer("Tasks", readonly=True)
    sent_count = fields.Integer("Sent", readonly=True)
    late_count = fields.Integer("Overdue", readonly=True, help="Not sent though the deadline has passed.")
    sent_percent = fields.Float("Sent %", readonly=True, aggregator="avg")
    median_hours = fields.Float(
        "Median Hours to Confirm", readonly=True, aggregator="avg", help="Half of what he sent, he confirmed faster."
    )
    reminder_count = fields.Integer("Reminders", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """SELECT task.member_id AS id, task.member_id, task.company_id, count(*) AS task_count,
                      count(*) FILTER (WHERE task.state = 'sent') AS sent_count,
                      count(*) FILTER (WHERE task.state = 'pending' AND broadcast.deadline < now() AT TIME ZONE 'UTC')
                          AS late_count,
                      100.0 * count(*) FILTER (WHERE task.state = 'sent') / count(*) AS sent_percent,
                      percentile_cont(0.5) WITHIN GROUP (
                          ORDER BY extract(epoch FROM task.sent_at - batch.created_at) / 3600
                      ) FILTER (WHERE task.state = 'sent') AS median_hours,
                      COALESCE(sum(task.remind_count), 0) AS reminder_count
                 FROM wecom_broadcast_task task
                 JOIN wecom_broadcast_batch batch ON batch.id = task.batch_id
                 JOIN wecom_broadcast broadcast ON broadcast.id = task.broadcast_id
                WHERE task.state IN ('sent', 'pending') AND broadcast.is_test IS NOT TRUE
                  AND batch.created_at >= now() AT TIME ZONE 'UTC' - make_interval(days => %s)
             GROUP BY task.member_id, task.company_id""",
            DAYS,
        )

    def action_view_tasks(self):
        """Open the tasks that were counted."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("wecom_customer_reach.wecom_broadcast_task_action")
        since = fields.Datetime.now() - timedelta(days=DAYS)
        domain = [
            ("member_id", "=", self.member_id.id),
            ("state", "in", ("sent", "pending")),
            ("broadcast_id.is_test", "=", False),
            ("batch_id.created_at", ">=", since),
        ]
        return {**action, "name": self.member_id.display_name, "domain": domain, "context": {}}
