from odoo import api, fields, models
from odoo.tools import SQL

from .wecom_follow import ALIVE_FOLLOW_STATUSES
from .wecom_follow_loss import LOST_BY_SOMEONE


class WecomLoss(models.Model):
    """One time that a member lost a customer. It stays when the customer is won back, so that the past stays true.

    It also stays, without a name, when the customer is erased.
    """

    _name = "wecom.loss"
    _description = "WeCom Loss of a Customer"
    _order = "lost_at desc, id desc"
    _rec_name = "contact_id"
    _log_access = False

    follow_id = fields.Many2one("wecom.follow", readonly=True, ondelete="set null")
    member_id = fields.Many2one("wecom.member", required=True, readonly=True, ondelete="cascade", index=True)
    contact_id = fields.Many2one("wecom.contact", readonly=True, ondelete="set null", index=True)
    partner_id = fields.Many2one(related="contact_id.partner_id")
    ended_by = fields.Selection(
        [("deleted_by_customer", "The customer"), ("deleted_by_member", "The member")], required=True, readonly=True
    )
    lost_at = fields.Datetime(string="Lost On", required=True, readonly=True, index=True)
    won_back_at = fields.Datetime(string="Won Back On", readonly=True)

    _open_follow_uniq = models.UniqueIndex("(follow_id) WHERE won_back_at IS NULL")

    @api.model
    def _record(self, follows):
        """Bring the losses of these follows in line with how they stand now: three statements for any number."""
        self.env.flush_all()
        values = {
            "follows": follows.ids,
            "now": fields.Datetime.now(),
            "alive": ALIVE_FOLLOW_STATUSES,
            "lost": LOST_BY_SOMEONE,
        }
        for statement in (
            """
            UPDATE wecom_loss loss SET won_back_at = coalesce(follow.won_back_at, %(now)s)
              FROM wecom_follow follow
             WHERE follow.id = ANY(%(follows)s) AND loss.follow_id = follow.id AND loss.won_back_at IS NULL
               AND follow.status IN %(alive)s
            """,
            """
            DELETE FROM wecom_loss loss USING wecom_follow follow
             WHERE follow.id = ANY(%(follows)s) AND loss.follow_id = follow.id AND loss.won_back_at IS NULL
               AND (follow.status NOT IN %(lost)s OR follow.lost_at IS NULL)
            """,
            """
            INSERT INTO wecom_loss (follow_id, member_id, contact_id, ended_by, lost_at)
            SELECT id, member_id, contact_id, status, lost_at FROM wecom_follow
             WHERE id = ANY(%(follows)s) AND status IN %(lost)s AND lost_at IS NOT NULL
                ON CONFLICT (follow_id) WHERE won_back_at IS NULL DO UPDATE
               SET ended_by = EXCLUDED.ended_by, lost_at = EXCLUDED.lost_at
            """,
        ):
            self.env.cr.execute(SQL(statement, **values))
        self.invalidate_model()
