"""What one check of the set-up found, in a form that is shown in the language of whoever looks."""

from dataclasses import dataclass, field
from typing import Any

from ..wecom_api.errors import ErrorKind, WeComError

OK, WARNING, FAILED, UNCHECKED = "ok", "warning", "failed", "unchecked"
WAITING = (ErrorKind.TRANSIENT, ErrorKind.RATE_LIMITED)


@dataclass(frozen=True)
class Line:
    """One sentence, marked for translation, with the values for its placeholders (anything that JSON holds)."""

    text: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """``lines`` say what was found and what to do; ``errcode`` and ``answer`` are WeCom's own,
    ``address`` is the IP it saw.
    """

    state: str
    lines: tuple[Line, ...]
    errcode: int = 0
    answer: str = ""
    address: str = ""


def finding(state: str, text: str, *more: str, **values: Any) -> Finding:
    """Return a finding of the sentence ``text`` with its ``values``, and of ``more`` sentences without any."""
    return Finding(state, (Line(text, values), *(Line(sentence) for sentence in more)))


def failure(error: WeComError) -> Finding:
    """Return what a refused call means: red, or amber when WeCom only asks to wait."""
    return Finding(
        WARNING if error.errcode and error.kind in WAITING else FAILED,
        (Line(error.explanation), Line(error.remedy)),
        error.errcode,
        error.errmsg,
        getattr(error, "caller_ip", None) or "",
    )
