"""Why a customer may not see a moment: one ordered table, read by estimate, temporary tag, screens and tests.

The first rule that holds gives the reason. Conditions are SQL over the columns of ``candidate`` in
``wecom_moment_estimate.py``; they hold literals only, never values from outside.
"""

from dataclasses import replace

from ..wecom_api.translate import _
from .exclusion import EXCLUSION_RULES, OPTED_OUT, ExclusionRule

_SHARED = {rule.code: rule for rule in EXCLUSION_RULES}

MOMENT_EXCLUSION_RULES = (
    _SHARED["to_match"],
    _SHARED["no_contact"],
    # WeCom shows a moment to all customers of a member, or to those with a tag: only a list chosen here leaves out.
    replace(
        _SHARED[OPTED_OUT],
        meaning=_("This partner does not want messages on WeCom, so he gets no temporary tag."),
        condition="opted_out AND listed",
    ),
    ExclusionRule(
        "not_interested",
        _("Not interested"),
        _("A salesperson noted that the customer wants no moments for some days, so he gets no temporary tag."),
        _("It ends by itself; the mark can be taken off on the customer."),
        "not_interested AND listed",
    ),
    ExclusionRule(
        "forbidden_industry",
        _("Forbidden industry"),
        _("The customer's industry is one that WeCom's rules, or the company's own, keep out of moments."),
        _("Change the industries in the settings, or the industry of the customer."),
        "forbidden_industry AND listed",
    ),
    _SHARED["deleted_by_customer"],
    _SHARED["not_accepted"],
    _SHARED["lost"],
    _SHARED["member_left"],
    ExclusionRule(
        "member_not_allowed",
        _("Member is not asked"),
        _("No member who follows this customer may publish this moment, by the company's settings."),
        _("Allow a member to publish moments under Configuration, Members."),
        "NOT askable",
    ),
    ExclusionRule(
        "not_own",
        _("Customer of others"),
        _("The customer is followed by other members, not by those who are asked."),
        _("Choose more members, or leave the members empty."),
        "NOT chosen",
    ),
)
"""What concerns one customer can be respected for a partner list only; elsewhere the form says how many see it
anyhow.
"""
