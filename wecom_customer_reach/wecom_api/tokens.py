"""Where access tokens are kept, and how they are renewed: one refresh at a time for every user of one app.

Source: wecom-api.md § 2.1. Tokens of different apps are independent: one store per (corp, app).
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

SAFETY_MARGIN_SECONDS = 300
"""How long before its end a token counts as used up."""

FetchToken = Callable[[], tuple[str, int]]
"""Fetches a new token from WeCom: returns (token, seconds it lives)."""


def usable_seconds(expires_in: int) -> float:
    """Return for how many seconds a token that lives ``expires_in`` seconds should be used.

    Five minutes less than it lives; a tenth less when it is so short-lived that five minutes would leave little.
    """
    return expires_in - min(SAFETY_MARGIN_SECONDS, expires_in / 10)


class TokenStore(ABC):
    """The token of one (corp, app), shared by every thread, process or host that uses the store."""

    @abstractmethod
    def get(self) -> str | None:
        """Return a token that is still usable, or None."""

    @abstractmethod
    def refresh(self, stale: str | None, fetch: FetchToken) -> str:
        """Return a usable token other than ``stale``.

        Under a lock shared by all users of the store: when another user has already stored a usable token that is not
        ``stale``, return that one; otherwise call ``fetch`` once, store what it returns, and return the token. An
        exception of ``fetch`` passes through and leaves the store as it was.
        """


class MemoryTokenStore(TokenStore):
    """A token store for the threads of one process."""

    def __init__(self, clock: Callable[[], float] = time.time):
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._usable_until = 0.0

    def get(self) -> str | None:
        return self._token if self._clock() < self._usable_until else None

    def refresh(self, stale: str | None, fetch: FetchToken) -> str:
        with self._lock:
            current = self.get()
            if current is not None and current != stale:
                return current
            token, expires_in = fetch()
            self._usable_until = self._clock() + usable_seconds(expires_in)
            self._token = token
            return token
