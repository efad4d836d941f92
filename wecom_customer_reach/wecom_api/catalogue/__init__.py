"""The catalogue of errcodes. Source: wecom-api.md § 2.3."""

from .contacts import CONTACT_ERRORS
from .conversations import CONVERSATION_ERRORS
from .general import GENERAL_ERRORS
from .kinds import ErrorInfo, ErrorKind, by_code
from .messages import MESSAGE_ERRORS
from .moments import MOMENT_ERRORS

__all__ = ["CATALOGUE", "ErrorInfo", "ErrorKind"]

CATALOGUE: dict[int, ErrorInfo] = by_code(
    *GENERAL_ERRORS, *CONTACT_ERRORS, *CONVERSATION_ERRORS, *MESSAGE_ERRORS, *MOMENT_ERRORS
)
