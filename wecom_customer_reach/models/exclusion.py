"""Why a partner of the audience is left out of a broadcast: one ordered table, read by plan, screens and tests.

The first rule that holds gives the reason. Conditions are SQL over the columns of ``candidate`` in
``wecom_broadcast_plan.py``; they hold literals only, never values from outside.
"""

from dataclasses import dataclass

from odoo.tools import SQL

from ..wecom_api.translate import _

OPTED_OUT = "opted_out"
REACHED = "reached"
CAP = "cap"
NOT_A_CUSTOMER = "not_a_customer"

REACH_ACTIONS = {
    "match": _("Match"),
    "ask_to_add": _("Ask to add"),
    "ask_to_accept": _("Ask to accept"),
    "hand_over": _("Hand over"),
    "members": _("Members"),
    "sms": _("SMS"),
    "email": _("E-mail"),
}
"""What can be done for the customers of a reason: code and what the button says."""


@dataclass(frozen=True)
class ExclusionRule:
    """``code`` is stored; ``label``, ``meaning`` and ``action`` (what can be done) are shown, translated then.

    ``buttons``: keys of ``REACH_ACTIONS``, what the report does for these customers at a click.
    """

    code: str
    label: str
    meaning: str
    action: str
    condition: str
    buttons: tuple[str, ...] = ()


EXCLUSION_RULES = (
    ExclusionRule(
        "to_match",
        _("To match"),
        _("A WeCom contact may be this partner, but several partners fit."),
        _("Choose the right partner under Customers, To match."),
        "contact_id IS NULL AND awaiting_match",
        ("match",),
    ),
    ExclusionRule(
        "no_contact",
        _("Not a WeCom contact"),
        _("No member of the corp has added this partner."),
        _("Ask a member to add the customer, or send an SMS."),
        "contact_id IS NULL",
        ("ask_to_add", "sms", "email"),
    ),
    ExclusionRule(
        OPTED_OUT,
        _("Opted out"),
        _("This partner does not want broadcasts on WeCom."),
        _("Respect it; the mark can be taken off on the partner when the customer asks for it."),
        "opted_out",
    ),
    ExclusionRule(
        NOT_A_CUSTOMER,
        _("Not a customer yet"),
        _("A notice goes to existing customers only; this partner is none by the corp's settings."),
        _("Give the partner the tag Existing customer if he is one. Potential customers get marketing only."),
        "NOT existing_customer",
    ),
    ExclusionRule(
        REACHED,
        _("Reached already"),
        _("The broadcast this is a retry of, or another retry, has reached the customer or may still reach him."),
        _("Nothing to do: nobody gets it twice."),
        "reached",
    ),
    ExclusionRule(
        "deleted_by_customer",
        _("Deleted us"),
        _("The customer has deleted the member who followed him."),
        _("Win the customer back by SMS, e-mail or telephone."),
        "NOT followed AND deleted_by_customer",
        ("sms", "email"),
    ),
    ExclusionRule(
        "not_accepted",
        _("Not accepted yet"),
        _("The customer has added a member who has not accepted yet."),
        _("Ask the member to accept the customer in WeCom."),
        "NOT followed AND half",
        ("ask_to_accept", "sms", "email"),
    ),
    ExclusionRule(
        "lost",
        _("No longer followed"),
        _("No member follows this customer any more."),
        _("Ask a member to add the customer again."),
        "NOT followed",
        ("ask_to_add", "sms", "email"),
    ),
    ExclusionRule(
        "member_left",
        _("Member left"),
        _("Every member who followed this customer has left the company."),
        _("Hand the customer over to another member in WeCom."),
        "NOT employed",
        ("hand_over", "sms", "email"),
    ),
    ExclusionRule(
        "member_not_allowed",
        _("Member may not broadcast"),
        _("No member who follows this customer may send broadcasts."),
        _("Allow a member to broadcast under Configuration, Members."),
        "NOT sendable",
        ("members", "sms", "email"),
    ),
    ExclusionRule(
        "not_own",
        _("Customer of others"),
        _("The customer is followed by other members, not by the one who sends this broadcast."),
        _("Ask a manager to send the broadcast."),
        "NOT own",
        ("ask_to_add",),
    ),
    ExclusionRule(
        "no_salesperson",
        _("Not followed by the salesperson"),
        _("The partner has no salesperson, or the salesperson cannot send to this customer: he does not follow him."),
        _("Ask the salesperson to add the customer, or choose another sender."),
        "no_salesperson",
        ("ask_to_add", "sms", "email"),
    ),
    ExclusionRule(
        "duplicate",
        _("Same partner twice"),
        _("Another contact of the same partner receives this broadcast."),
        _("Nothing to do: the customer is reached once."),
        "contact_rank > 1",
    ),
    ExclusionRule(
        "quiet",
        _("Got one lately"),
        _("The customer has received a broadcast in the corp's quiet period. Notices go out all the same."),
        _("Send later: the quiet period is there to keep customers from leaving."),
        "quiet",
    ),
    ExclusionRule(
        CAP,
        _("Cap used up"),
        _("The customer has received as many broadcasts as the corp's cap allows."),
        _("Send later, or by SMS."),
        "capped",
        ("sms", "email"),
    ),
)

EXCLUSION_SELECTION = [(rule.code, rule.label) for rule in EXCLUSION_RULES]


def exclusion_case(rules=EXCLUSION_RULES):
    """Return the SQL expression that gives the code of the first of ``rules`` that holds, or NULL."""
    return SQL(
        "CASE %s END",
        SQL(" ").join(SQL("WHEN %s THEN %s", SQL(rule.condition), rule.code) for rule in rules),
    )
