"""The four steps from an empty database to the first broadcast, as the banner above the broadcasts shows them."""

from dataclasses import dataclass

from ..wecom_api.translate import _

CONNECT, SYNCHRONISE, MATCH, BROADCAST = "connect", "synchronise", "match", "broadcast"


@dataclass(frozen=True)
class FirstStep:
    """``sentence`` and ``button`` for whoever may do the step; ``waiting`` for who has to wait for an administrator."""

    code: str
    title: str
    sentence: str
    button: str
    waiting: str = ""


FIRST_STEPS = (
    FirstStep(
        CONNECT,
        _("Connect"),
        _("Enter corp ID and secret of your self-built app; the checklist says what is still missing."),
        _("Set up"),
        _("An administrator connects the company with WeCom."),
    ),
    FirstStep(
        SYNCHRONISE,
        _("Synchronise"),
        _("Bring members, customers and tags from WeCom into Odoo."),
        _("Synchronise"),
        _("An administrator brings members and customers from WeCom into Odoo."),
    ),
    FirstStep(
        MATCH,
        _("Match"),
        _("Choose the right partner for customers whom several partners fit."),
        _("Open To match"),
    ),
    FirstStep(
        BROADCAST,
        _("First broadcast"),
        _("Choose customers, write a message, and have the members send it."),
        _("New broadcast"),
    ),
)
