"""The one clock of the sandbox: real time plus what was advanced (wecom-api.md § 18)."""

import time
from datetime import datetime, timedelta, timezone

from .checks import LATEST_TIME, ControlError

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")  # China has no daylight saving time


class Clock:
    """Unix seconds; never goes back."""

    def __init__(self):
        self.advanced = 0

    def now(self):
        """The current time in whole Unix seconds."""
        return int(time.time()) + self.advanced

    def advance(self, seconds):
        """Move the clock ``seconds`` ahead; raises ControlError when that leads out of the calendar's range."""
        if seconds < 0:
            raise ControlError("the clock cannot go back: 'advance' must be 0 or more")
        if self.now() + seconds >= LATEST_TIME:
            raise ControlError("the clock cannot pass the year 2099")
        self.advanced += seconds
        return self.now()


def beijing(timestamp):
    """``timestamp`` as a datetime in Beijing time."""
    return datetime.fromtimestamp(timestamp, BEIJING)


def midnight(timestamp):
    """Unix seconds of the Beijing midnight before ``timestamp``."""
    return int(beijing(timestamp).replace(hour=0, minute=0, second=0, microsecond=0).timestamp())


def month_start(timestamp):
    """Unix seconds at which the Beijing month of ``timestamp`` began."""
    return int(beijing(timestamp).replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp())
