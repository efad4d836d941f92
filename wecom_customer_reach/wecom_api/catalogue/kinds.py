"""What kinds of WeCom errors there are, and what is known about one code."""

from dataclasses import dataclass
from enum import Enum

from ..translate import _

REPORT_IT = _("This is a fault of the program: report it with the code.")


class ErrorKind(Enum):
    """What an errcode asks of the caller; every kind has one exception class in ``errors.py``."""

    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    TOKEN_INVALID = "token_invalid"
    CONFIGURATION = "configuration"
    PERMISSION_DENIED = "permission_denied"
    REQUEST_INVALID = "request_invalid"
    NOT_FOUND = "not_found"
    NOT_READY = "not_ready"
    QUOTA_EXCEEDED = "quota_exceeded"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ErrorInfo:
    """One errcode: a short stable name, its kind, and two plain sentences for the person who reads it."""

    code: int
    name: str
    kind: ErrorKind
    explanation: str
    remedy: str


def by_code(*infos: ErrorInfo) -> dict[int, ErrorInfo]:
    """Return the infos keyed by code; a code listed twice is a mistake in the table."""
    table = {info.code: info for info in infos}
    if len(table) != len(infos):
        raise ValueError("an errcode is listed twice in the catalogue")
    return table
