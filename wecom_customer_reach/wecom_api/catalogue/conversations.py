"""Welcome messages, customer groups and callbacks. Source: wecom-api.md § 2.3."""

from ..translate import _
from .kinds import REPORT_IT, ErrorInfo, ErrorKind

CONVERSATION_ERRORS = (
    ErrorInfo(
        40050,
        "chat_not_found",
        ErrorKind.NOT_FOUND,
        _("WeCom does not know this customer group."),
        _("Choose a group that still exists and whose owner the app sees."),
    ),
    ErrorInfo(
        40057,
        "callback_address_refused",
        ErrorKind.CONFIGURATION,
        _("WeCom could not verify the callback address."),
        _("Check that WeCom reaches the address over the internet, and that token and key are the same on both sides."),
    ),
    ErrorInfo(
        41049,
        "welcome_code_missing",
        ErrorKind.REQUEST_INVALID,
        _("The code for the welcome message is missing."),
        REPORT_IT,
    ),
    ErrorInfo(
        41050,
        "welcome_code_expired",
        ErrorKind.CONFLICT,
        _("The welcome message came too late: its code works once, for 20 seconds."),
        _("Nothing can be sent any more; the member may write to the customer himself."),
    ),
    ErrorInfo(
        41051,
        "already_welcomed",
        ErrorKind.CONFLICT,
        _("The customer has been welcomed already, or has begun to chat."),
        _("Nothing is left to do."),
    ),
    ErrorInfo(
        41053,
        "archiving_not_agreed",
        ErrorKind.CONFLICT,
        _("The customer has not agreed that the chat is archived, so he cannot be welcomed."),
        _("Wait until the customer agrees; the member may write to him then."),
    ),
    ErrorInfo(
        41096,
        "welcome_in_progress",
        ErrorKind.NOT_READY,
        _("Another app is sending its welcome message just now."),
        _("Try again within 20 seconds after the customer came."),
    ),
    ErrorInfo(
        42013,
        "miniprogram_session_expired",
        ErrorKind.REQUEST_INVALID,
        _("The person's login to the mini-program has expired."),
        _("Let the person open the mini-program again."),
    ),
    ErrorInfo(
        43004,
        "no_wechat_binding",
        ErrorKind.PERMISSION_DENIED,
        _("The member has not linked his WeChat account with WeCom."),
        _("Ask the member to link WeChat in the WeCom app."),
    ),
    ErrorInfo(
        49008,
        "group_dismissed",
        ErrorKind.CONFLICT,
        _("The customer group has been dismissed."),
        _("Choose another group."),
    ),
    ErrorInfo(
        90501,
        "not_a_customer_group",
        ErrorKind.REQUEST_INVALID,
        _("The group is no customer group."),
        _("Choose a group that has customers in it."),
    ),
)
