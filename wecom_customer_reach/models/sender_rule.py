"""By which rule the member who sends to a customer was chosen. Where the preferred rule fell back, the code says so."""

from ..wecom_api.translate import _

MOVED = "moved"
SENDER_RULES = [
    ("salesperson", _("Salesperson")),
    ("first", _("Added the customer first")),
    ("last", _("Added the customer last")),
    ("only", _("Only follower who can send")),
    ("own", _("Sends to his own customers")),
    (MOVED, _("Chosen by hand")),
    ("wecom", _("WeCom decides")),
    ("wecom_instead", _("WeCom decides: the salesperson does not follow him")),
    ("last_switched_off", _("Added last: another follower may not broadcast")),
    ("last_instead", _("Added last: the salesperson does not follow him, another follower may not broadcast")),
]
