"""When a call is repeated: one table, by what happened and by kind of call.

Source: wecom-api.md § 2.2, tightened for creations, which must never happen twice.
"""

import time
from collections.abc import Callable
from enum import Enum


class CallKind(Enum):
    """What repeating a call does."""

    READ = "read"
    """Changes nothing."""
    WRITE = "write"
    """An idempotent change: repeating it gives the same state (remark, mark tags, cancel)."""
    CREATE = "create"
    """Makes something new or spends a budget: never repeated unless the answer proves that nothing was made."""
    UPLOAD = "upload"
    """Gives a media id; a second upload is a second, unused media id that nobody sees."""
    KEEP = "keep"
    """Uploads something that stays for ever and spends a budget: the caller decides whether to try again."""


class Situation(Enum):
    """How one attempt ended when it did not succeed."""

    NOT_SENT = "not sent"
    """Name not resolved, connection refused, connect timeout, certificate refused: the request never left."""
    LOST = "lost"
    """Sent, and the answer did not come whole: timeout, dropped connection, HTTP 5xx, truncated or no JSON."""
    UNREADABLE = "unreadable"
    """An answer came that another try would only repeat: too large, errcode 45029, redirect 302 or 303."""
    ELSEWHERE = "elsewhere"
    """HTTP 4xx or redirect 301, 307, 308: the request was turned away before WeCom acted on it."""
    BUSY = "busy"
    """errcode -1 or 6000. Neither says at which point the work stopped."""
    TOKEN_REFUSED = "token refused"
    """errcode 40014 or 42001: checked before anything else (§ 1.2), so nothing was done."""
    REFUSED = "refused"
    """Any other errcode: WeCom turned the request down."""


class Action(Enum):
    """What to do then."""

    REPEAT = "repeat"
    """Try again with back-off, as often as BACK_OFF_SECONDS says, then raise."""
    NEW_TOKEN = "new token"
    """Get one new token and try once more, then raise."""
    RAISE = "raise"
    """Raise the typed error."""
    UNKNOWN = "unknown"
    """Raise OutcomeUnknown: it may have been made, and only looking it up can tell."""


_READ, _WRITE, _UPLOAD, _KEEP, _CREATE = (
    CallKind.READ,
    CallKind.WRITE,
    CallKind.UPLOAD,
    CallKind.KEEP,
    CallKind.CREATE,
)
_REPEAT, _NEW_TOKEN, _RAISE, _UNKNOWN = Action.REPEAT, Action.NEW_TOKEN, Action.RAISE, Action.UNKNOWN

RETRY_TABLE: dict[Situation, dict[CallKind, Action]] = {
    Situation.NOT_SENT: {_READ: _REPEAT, _WRITE: _REPEAT, _UPLOAD: _REPEAT, _KEEP: _REPEAT, _CREATE: _RAISE},
    Situation.LOST: {_READ: _REPEAT, _WRITE: _REPEAT, _UPLOAD: _REPEAT, _KEEP: _RAISE, _CREATE: _UNKNOWN},
    Situation.UNREADABLE: {_READ: _RAISE, _WRITE: _RAISE, _UPLOAD: _RAISE, _KEEP: _RAISE, _CREATE: _UNKNOWN},
    Situation.ELSEWHERE: {_READ: _RAISE, _WRITE: _RAISE, _UPLOAD: _RAISE, _KEEP: _RAISE, _CREATE: _RAISE},
    Situation.BUSY: {_READ: _REPEAT, _WRITE: _REPEAT, _UPLOAD: _REPEAT, _KEEP: _RAISE, _CREATE: _UNKNOWN},
    Situation.TOKEN_REFUSED: dict.fromkeys(CallKind, _NEW_TOKEN),
    Situation.REFUSED: {_READ: _RAISE, _WRITE: _RAISE, _UPLOAD: _RAISE, _KEEP: _RAISE, _CREATE: _RAISE},
}

BACK_OFF_SECONDS = (0.5, 1.0, 2.0)
"""Pause before the first, second and third repetition; there is no fourth."""

_SITUATION_BY_ERRCODE = {
    -1: Situation.BUSY,
    6000: Situation.BUSY,
    40014: Situation.TOKEN_REFUSED,
    42001: Situation.TOKEN_REFUSED,
    45029: Situation.UNREADABLE,
}
_REDIRECTS_BEFORE_WORK = (301, 307, 308)


def situation_of_errcode(errcode: int) -> Situation:
    """Return what a non-zero errcode says about the attempt."""
    return _SITUATION_BY_ERRCODE.get(errcode, Situation.REFUSED)


def situation_of_status(status: int) -> Situation | None:
    """Return what an HTTP status says about the attempt, or None for 2xx: the body decides then.

    301, 307 and 308 mean that the address is another one, so no work was done there (WeCom answers plain http with 301,
    § 1.1); 302 and 303 may also follow finished work.
    """
    if 200 <= status < 300:
        return None
    if 400 <= status < 500 or status in _REDIRECTS_BEFORE_WORK:
        return Situation.ELSEWHERE
    return Situation.UNREADABLE if 300 <= status < 400 else Situation.LOST


class RateLimitWindows:
    """How long to stop after errcode 45009, path by path. Keeps it in this process; others may share it with more.

    The answer does not say which window was exceeded (§ 1.6). The shortest is assumed first; a path that is still
    limited right after a window has passed must have exceeded a longer one.
    """

    SECONDS = (60, 3600, 86400)

    def __init__(self, clock: Callable[[], float] = time.time):
        self._clock = clock
        self._blocked: dict[str, tuple[float, int]] = {}

    def seconds_left(self, path: str) -> float:
        """Return for how many seconds ``path`` is not to be called yet; 0 when it may be."""
        until, _window = self._blocked.get(path, (0.0, 0))
        return max(0.0, until - self._clock())

    def retry_after(self, path: str) -> float:
        """Note that ``path`` was limited just now; return the seconds to stop."""
        now = self._clock()
        until, window = self._blocked.get(path, (0.0, 0))
        if now < until:
            return until - now
        if until and now - until < self.SECONDS[window]:
            window = min(window + 1, len(self.SECONDS) - 1)
        else:
            window = 0
        self._blocked[path] = (now + self.SECONDS[window], window)
        return float(self.SECONDS[window])
