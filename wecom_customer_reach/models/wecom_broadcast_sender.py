from odoo import models
from odoo.tools import SQL

from .bulk_fields import UncheckedMany2one
from .sender_rule import MOVED

SENDER_ORDER = {
    "wecom": None,
    "salesperson": "follow.followed_at DESC NULLS LAST, follow.id DESC",
    "salesperson_only": "follow.followed_at DESC NULLS LAST, follow.id DESC",
    "first": "follow.followed_at ASC NULLS LAST, follow.id",
    "last": "follow.followed_at DESC NULLS LAST, follow.id DESC",
}


def _first_sender_sql(policy, eligible):
    """Return the aggregate that picks the first member in the order of ``policy`` among those who are eligible."""
    return SQL("(array_agg(follow.member_id ORDER BY %s) FILTER (WHERE %s))[1]", SQL(SENDER_ORDER[policy]), eligible)


class WecomBroadcastSenderChoice(models.Model):
    """The member who shall send to one partner of a draft, chosen by hand; the plan heeds it where he can."""

    _name = "wecom.broadcast.sender"
    _description = "WeCom Broadcast Sender"
    _log_access = False
    _rec_name = "partner_id"

    broadcast_id = UncheckedMany2one("wecom.broadcast", required=True)
    partner_id = UncheckedMany2one("res.partner", "Customer", required=True)
    member_id = UncheckedMany2one("wecom.member", required=True)

    _broadcast_partner_uniq = models.UniqueIndex(
        "(broadcast_id, partner_id)", "One member sends to a customer of a broadcast."
    )


class WecomBroadcastSender(models.Model):
    """Which member sends to a customer, and by which rule he was chosen."""

    _inherit = "wecom.broadcast"

    def _reach_sql(self):
        """Return one row per contact of ``audience``: what his follows allow, and who would send.

        A member can send while he is active in WeCom, follows the customer and may broadcast.
        """
        members = self._own_members()
        own = SQL("TRUE") if members is None else SQL("follow.member_id = ANY(%s)", members.ids)
        sendable = SQL("follow.status = 'active' AND member.status = 'active' AND member.may_broadcast")
        steps = list(self._sender_steps(members is not None, SQL("%s AND %s", sendable, own)))
        return SQL(
            """SELECT audience.contact_id, max(follow.followed_at) AS followed_at,
                      bool_or(follow.status = 'active') AS followed,
                      bool_or(follow.status = 'half') AS half,
                      bool_or(follow.status = 'deleted_by_customer') AS deleted_by_customer,
                      bool_or(follow.status = 'active' AND member.status != 'left') AS employed,
                      bool_or(%(sendable)s) AS sendable,
                      bool_or(%(sendable)s AND %(own)s) AS own,
                      COALESCE(%(senders)s) AS sender_id,
                      CASE %(rules)s ELSE %(wecom)s END AS sender_rule
                 FROM audience
            LEFT JOIN wecom_broadcast_sender choice ON choice.partner_id = audience.partner_id
                                                   AND choice.broadcast_id = %(broadcast)s
                 JOIN wecom_follow follow ON follow.contact_id = audience.contact_id
                 JOIN wecom_member member ON member.id = follow.member_id
             GROUP BY audience.contact_id""",
            sendable=sendable,
            own=own,
            senders=SQL(", ").join(sender for _rule, sender in steps),
            rules=SQL(" ").join(SQL("WHEN %s IS NOT NULL THEN %s", sender, rule) for rule, sender in steps),
            wecom="wecom_instead" if self.sender_policy == "salesperson" else "wecom",
            broadcast=self._origin.id or None,
        )

    def _sender_steps(self, own_only, eligible):
        """Return how the sender is chosen: (code of the rule, aggregate that gives him or NULL), the first that fits.

        Where none fits, WeCom decides. A user who may only send as himself is always named, whatever the policy says.
        """
        policy = self.sender_policy
        if self._has_choices():
            chosen = SQL("%s AND follow.member_id = choice.member_id", eligible)
            yield SQL("%s", MOVED), _first_sender_sql("last", chosen)
        if own_only and policy != "salesperson_only":
            yield SQL("%s", "own"), _first_sender_sql("last" if policy == "wecom" else policy, eligible)
        elif policy in ("first", "last"):
            only = SQL("CASE WHEN count(*) FILTER (WHERE %s) = 1 THEN 'only' ELSE %s END", eligible, policy)
            yield only, _first_sender_sql(policy, eligible)
        if policy in ("salesperson", "salesperson_only"):
            salesperson = SQL("%s AND member.user_id = audience.salesperson_id", eligible)
            yield SQL("%s", "salesperson"), _first_sender_sql(policy, salesperson)
        if policy in ("wecom", "salesperson"):
            # Left to itself, WeCom might choose a member who is switched off here: then the one who came last is named.
            switched_off = SQL("follow.status = 'active' AND member.status = 'active' AND NOT member.may_broadcast")
            rule = "last_switched_off" if policy == "wecom" else "last_instead"
            yield (
                SQL("%s", rule),
                SQL("CASE WHEN bool_or(%s) THEN %s END", switched_off, _first_sender_sql("last", eligible)),
            )

    def _has_choices(self):
        """Return whether somebody chose the sender of customers by hand."""
        return bool(self.env["wecom.broadcast.sender"].sudo().search_count([("broadcast_id", "=", self._origin.id)], 1))
