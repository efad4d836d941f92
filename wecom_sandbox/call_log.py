"""The log and the counters of API calls."""

import time
from collections import Counter, deque

KEPT = 20_000


class CallLog:
    """The last calls, and counts of all of them."""

    def __init__(self):
        self._calls = deque(maxlen=KEPT)
        self._paths = Counter()
        self._errcodes = Counter()
        self._faults = Counter()

    def add(self, method, path, errcode, milliseconds, fault):
        """Enter one call; ``errcode`` is None when the answer was no WeCom answer, ``fault`` None without one."""
        self._calls.append(
            {
                "time": round(time.time(), 3),
                "method": method,
                "path": path,
                "errcode": errcode,
                "milliseconds": milliseconds,
                "fault": fault,
            }
        )
        self._paths[path] += 1
        if errcode:
            self._errcodes[str(errcode)] += 1
        if fault:
            self._faults[fault] += 1

    def last(self, limit, path=None):
        """The last ``limit`` calls (of ``path``), oldest first."""
        calls = [call for call in self._calls if path is None or call["path"] == path]
        return calls[-limit:] if limit else []

    def counters(self):
        """Counts since the start or the last clearing."""
        return {
            "total": sum(self._paths.values()),
            "gettoken": self._paths["/cgi-bin/gettoken"],
            "calls": dict(self._paths),
            "errcodes": dict(self._errcodes),
            "faults": dict(self._faults),
        }

    def clear(self):
        """Forget all calls and counts."""
        self.__init__()
