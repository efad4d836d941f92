"""Rate limits (wecom-api.md § 1.6).

The limits per IP are twice those per corp and the sandbox is one corp, so the limit per corp is always the one met.
"""

from .clock import beijing, midnight
from .envelope import ApiError

MINUTE, HOUR, DAY, MONTH = 60, 3600, 86400, 30 * 86400
DEBUG_CALLS_PER_MINUTE = 5
UPLOADIMG_PER_DAY, UPLOADIMG_PER_MONTH = 1000, 3000
MOMENTS_PER_MONTH = 100_000
MESSAGES_PER_MINUTE, MESSAGES_PER_HOUR = 30, 1000  # of one app to one member
WITHOUT_BASE_LIMIT = {"/cgi-bin/message/send"}
WRONG_SECRETS_PER_HOUR = 2000
WRONG_MOBILES_SHARE = 5  # one wrong number for each five members a day


class Window:
    """Counts within windows of ``length`` seconds; passing the limit blocks for as long as the window lasts."""

    def __init__(self, length):
        self.length = length
        self.start = 0
        self.count = 0
        self.blocked_until = 0

    def hit(self, now, limit):
        """Count one call; returns whether it is allowed."""
        if now < self.blocked_until:
            return False
        start = midnight(now) if self.length == DAY else self.start
        if start != self.start or now >= self.start + self.length:
            self.start, self.count = start if self.length == DAY else now, 0
        self.count += 1
        if self.count > limit:
            self.blocked_until = self.start + DAY if self.length == DAY else now + self.length
            self.count = 0
            return False
        return True


class RateLimits:
    """All windows of one corp."""

    def __init__(self):
        self._windows = {}

    def _allowed(self, key, length, now, limit):
        if limit is None:
            return True
        window = self._windows.get((key, length))
        if window is None:
            window = self._windows[key, length] = Window(length)
        return window.hit(now, limit)

    def check_call(self, path, now, settings, debug):
        """Count a call of ``path``; raises ApiError 45009 past a limit."""
        if path in WITHOUT_BASE_LIMIT:
            return
        allowed = self._allowed(path, MINUTE, now, settings.rate_limit_per_minute)
        allowed = self._allowed(path, HOUR, now, settings.rate_limit_per_hour) and allowed
        if debug:
            allowed = self._allowed("debug", MINUTE, now, DEBUG_CALLS_PER_MINUTE) and allowed
        if not allowed:
            raise ApiError(45009)

    def check_uploadimg(self, now):
        """Count one permanent picture; raises ApiError 45009 past 1000 a day or 3000 a month."""
        allowed = self._allowed("uploadimg", DAY, now, UPLOADIMG_PER_DAY)
        allowed = self._allowed("uploadimg", MONTH, now, UPLOADIMG_PER_MONTH) and allowed
        if not allowed:
            raise ApiError(45009, f"uploadimg, day {beijing(now):%Y-%m-%d}")

    def check_moment(self, now, settings):
        """Count one moment; raises ApiError 45009 past 10 a minute or 100,000 a month."""
        allowed = self._allowed("moment", MINUTE, now, settings.moments_per_minute)
        allowed = self._allowed("moment", MONTH, now, MOMENTS_PER_MONTH) and allowed
        if not allowed:
            raise ApiError(45009)

    def message_arrives(self, member, now):
        """Count one app message to ``member``; returns whether it arrives: too many are dropped without a word."""
        allowed = self._allowed(("message", member.key), MINUTE, now, MESSAGES_PER_MINUTE)
        return self._allowed(("message", member.key), HOUR, now, MESSAGES_PER_HOUR) and allowed

    def getuserid_is_blocked(self, now):
        """Whether too many unknown mobiles were asked for today."""
        window = self._windows.get(("getuserid", DAY))
        return window is not None and now < window.blocked_until

    def count_wrong_mobile(self, now, staff):
        """Count one unknown mobile; past a fifth of the ``staff`` the call is blocked for the rest of the day."""
        self._allowed("getuserid", DAY, now, staff // WRONG_MOBILES_SHARE)

    def is_banned(self, address, now):
        """Whether ``address`` gave too many wrong secrets within the last hour."""
        window = self._windows.get((("secret", address), HOUR))
        return window is not None and now < window.blocked_until

    def count_wrong_secret(self, address, now):
        """Count a gettoken with a wrong secret; the address is banned for an hour past 2000 in an hour."""
        self._allowed(("secret", address), HOUR, now, WRONG_SECRETS_PER_HOUR)
