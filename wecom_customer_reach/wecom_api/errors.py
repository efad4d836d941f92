"""Every error the client raises: one class per kind, with a plain explanation and what to do about it.

Texts never hold a secret or a token: the client redacts what WeCom answered before it builds an error, and network
errors are described in our own words, never by the text of the HTTP library (which quotes whole addresses).
Source: wecom-api.md § 1.2, § 2.2, § 2.3.
"""

import re
from dataclasses import dataclass
from typing import Any

from .catalogue import CATALOGUE, ErrorInfo, ErrorKind
from .translate import _

__all__ = [
    "CATALOGUE",
    "ConfigurationError",
    "Conflict",
    "ErrorInfo",
    "ErrorKind",
    "NotFound",
    "NotReady",
    "OutcomeUnknown",
    "PayloadInvalid",
    "PermissionDenied",
    "Problem",
    "QuotaExceeded",
    "RateLimited",
    "RequestInvalid",
    "ResponseInvalid",
    "TokenInvalid",
    "TransientError",
    "TransportError",
    "WeComError",
    "error_from_answer",
]

UNKNOWN_EXPLANATION = _("WeCom refused the call with a code this version does not know.")
UNKNOWN_REMEDY = _("Look the code up on open.work.weixin.qq.com/devtool/query and correct the request or the setup.")

_HINT = re.compile(r"hint: \[([^\]]*)\]")
_CALLER_IP = re.compile(r"from ip: ([0-9A-Fa-f.:]+)")


class WeComError(Exception):
    """Base of all errors of this client.

    ``errcode`` is WeCom's code, 0 when WeCom gave none; ``errmsg`` its text (never branch on it); ``hint`` the digits
    its support asks for; ``path`` the endpoint; ``explanation`` and ``remedy`` plain translatable sentences;
    ``retry_after`` the seconds after which another try makes sense, or None.
    """

    kind = ErrorKind.UNKNOWN

    def __init__(
        self,
        errcode: int = 0,
        errmsg: str = "",
        *,
        path: str = "",
        explanation: str = UNKNOWN_EXPLANATION,
        remedy: str = UNKNOWN_REMEDY,
        retry_after: float | None = None,
    ):
        super().__init__(errcode, errmsg, path)
        self.errcode = errcode
        self.errmsg = errmsg
        self.path = path
        self.explanation = explanation
        self.remedy = remedy
        self.retry_after = retry_after
        hint = _HINT.search(errmsg)
        self.hint = hint.group(1) if hint else None

    def __str__(self) -> str:
        answer = f"{self.errcode} {self.errmsg}".strip() if self.errcode else ""
        origin = ", ".join(part for part in (self.path, answer) if part)
        return f"{self.explanation} {self.remedy}" + (f" ({origin})" if origin else "")


class TransientError(WeComError):
    """WeCom was busy or two changes met (-1, 6000), and repeating did not help."""

    kind = ErrorKind.TRANSIENT


class RateLimited(WeComError):
    """Too many calls (45009) or too many at once (45033); ``retry_after`` says how many seconds to stop."""

    kind = ErrorKind.RATE_LIMITED


class TokenInvalid(WeComError):
    """The access token was refused even after it had been renewed once (41001, 40014, 42001)."""

    kind = ErrorKind.TOKEN_INVALID


class ConfigurationError(WeComError):
    """The corp id, the secret, the app or the trusted IPs need correcting by an administrator.

    ``caller_ip`` is the address WeCom saw (60020: the one to add to the trusted IPs), or None.
    """

    kind = ErrorKind.CONFIGURATION

    def __init__(self, errcode: int = 0, errmsg: str = "", **details: Any):
        super().__init__(errcode, errmsg, **details)
        caller_ip = _CALLER_IP.search(errmsg)
        self.caller_ip = caller_ip.group(1) if caller_ip else None


class PermissionDenied(WeComError):
    """A member, department, tag or contact lies outside what the app may see or change."""

    kind = ErrorKind.PERMISSION_DENIED


class RequestInvalid(WeComError):
    """WeCom refused the content of the request; repeating it unchanged cannot help."""

    kind = ErrorKind.REQUEST_INVALID


class NotFound(WeComError):
    """The named member, contact, relation, tag, broadcast or media does not exist (any more) for this app."""

    kind = ErrorKind.NOT_FOUND


class NotReady(WeComError):
    """The broadcast or moment is still being dispatched (41063, 41079); ask again after ``retry_after`` seconds."""

    kind = ErrorKind.NOT_READY


class QuotaExceeded(WeComError):
    """A quota is used up: reminders, tags, customers of a member, tasks in progress."""

    kind = ErrorKind.QUOTA_EXCEEDED


class Conflict(WeComError):
    """The state of the object does not allow the change: already cancelled, name already taken."""

    kind = ErrorKind.CONFLICT


class TransportError(WeComError):
    """No usable answer came; another time one may. For a CREATE call: it was not sent, so nothing was made."""

    kind = ErrorKind.TRANSIENT


class OutcomeUnknown(WeComError):
    """A CREATE call was sent and its answer was lost: it may have worked or not. Look it up; never send it again."""


class ResponseInvalid(WeComError):
    """What came back is no answer of the WeCom API and would be the same again: redirect, unknown path, too large."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a payload, before any call.

    ``field`` is the path inside the payload (``attachments[0].link.title``); ``message`` a translatable template whose
    placeholders are ``%(field)s``, ``%(limit)s`` and ``%(actual)s``; ``limit`` and ``actual`` in the unit that the
    message names.
    """

    field: str
    message: str
    limit: int | None = None
    actual: int | str | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The values for the placeholders of ``message``."""
        return {"field": self.field, "limit": self.limit, "actual": self.actual}

    def __str__(self) -> str:
        return self.message % self.values


class PayloadInvalid(WeComError):
    """The payload breaks documented limits; nothing was sent. ``problems`` lists every one of them."""

    kind = ErrorKind.REQUEST_INVALID

    def __init__(self, problems: list[Problem], path: str = ""):
        super().__init__(
            path=path,
            explanation=_("The content breaks limits of WeCom, so nothing was sent."),
            remedy=_("Correct what is listed and try again."),
        )
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"- {problem.field}: {problem}" for problem in self.problems)])


_CLASS_BY_KIND = {
    error_class.kind: error_class
    for error_class in (
        WeComError,
        TransientError,
        RateLimited,
        TokenInvalid,
        ConfigurationError,
        PermissionDenied,
        RequestInvalid,
        NotFound,
        NotReady,
        QuotaExceeded,
        Conflict,
    )
}


def error_from_answer(errcode: int, errmsg: str, path: str, retry_after: float | None = None) -> WeComError:
    """Return the typed error for a non-zero errcode; an uncatalogued code gives a plain :class:`WeComError`."""
    info = CATALOGUE.get(errcode)
    if info is None:
        return WeComError(errcode, errmsg, path=path, retry_after=retry_after)
    return _CLASS_BY_KIND[info.kind](
        errcode, errmsg, path=path, explanation=info.explanation, remedy=info.remedy, retry_after=retry_after
    )
