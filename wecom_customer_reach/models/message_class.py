"""What kinds of messages there are, what each means, and which of them can be a broadcast (one text for everybody)."""

from ..wecom_api.translate import _

MARKETING, NOTICE = "marketing", "notice"
MESSAGE_CLASSES = [
    (MARKETING, "Marketing"),
    (NOTICE, "Notice"),
    ("triggered_notice", "Triggered notice"),
    ("verification", "Verification"),
]
CLASS_MEANINGS = {
    MARKETING: _(
        "Promotions, new products, coupons: for existing and potential customers. Who opted out or is in the quiet "
        "period is left out."
    ),
    NOTICE: _(
        "What existing customers have to know: other opening hours, a closed shop, a power cut, bad weather. Only "
        "existing customers get it, in the quiet period too. Who opted out is left out."
    ),
    "triggered_notice": _(
        "A parcel on its way, a paid ticket, an invoice: each customer gets another text at another time, but all "
        "customers of a broadcast get one and the same. Send it by SMS or e-mail, whose templates fill in what differs."
    ),
    "verification": _(
        "Codes and passwords differ for every customer and must reach only him, but all customers of a broadcast get "
        "one and the same text, through a member. Send it by SMS or e-mail."
    ),
}
REFUSED_CLASSES = ("triggered_notice", "verification")

CUSTOMER_POLICIES = [
    ("bought", "Bought something: a confirmed sales order, a won opportunity, or the tag Existing customer"),
    ("filter", "A filter of your own"),
]
