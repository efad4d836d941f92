"""Delivery of events to the callback address, with its misfortunes on demand (wecom-api.md § 16.3, 18.10)."""

import heapq
import random
import threading
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, replace

from .callback_crypto import encrypt, signed_address, xml
from .callback_request import ask
from .checks import in_range, read

TIMEOUT = 5
REPEATS = 3
KEPT = 1000
FLUSH_SECONDS = 0.5  # events held back for shuffling go out when none has followed for so long
DELIVERED, GIVEN_UP, LOST = "delivered", "given_up", "lost"


@dataclass(frozen=True)
class Behaviour:
    """What befalls events on their way: shares from 0 to 1, events shuffled among each other, seconds of delay."""

    duplicate: float = 0
    lose: float = 0
    reorder: int = 0
    delay: float = 0
    connections: int = 1

    def changed(self, data):
        """A copy with the given members of ``data``; raises ControlError."""
        kinds = {"duplicate": float, "lose": float, "reorder": int, "delay": float, "connections": int}
        values = read(data, **{name: (kind, getattr(self, name)) for name, kind in kinds.items()})
        highest = {"duplicate": 1, "lose": 1, "reorder": 10_000, "delay": 3600, "connections": 16}
        for name, value in values.items():
            in_range(value, name, 1 if name == "connections" else 0, highest[name])
        return replace(self, **values)

    def as_dict(self):
        """The behaviour as the control surface shows it."""
        return asdict(self)


class EventLog:
    """The last events and their fates, and counts of all of them since the start of this world."""

    def __init__(self):
        self._lock = threading.Lock()
        self._records = deque(maxlen=KEPT)
        self._counts = Counter()

    def enter(self, fields, duplicate=False):
        """Enter an event about to be sent; returns its record, kept up to date with its fate."""
        record = {
            "time": fields["CreateTime"],
            "event": fields["Event"],
            "change_type": fields.get("ChangeType", ""),
            "userid": fields.get("UserID", ""),
            "external_userid": fields.get("ExternalUserID", ""),
            "duplicate": duplicate,
            "attempts": 0,
            "status": None,
            "done": False,
        }
        with self._lock:
            self._records.append(record)
            self._counts["total"] += 1
            self._counts["duplicates"] += duplicate
        return record

    def settle(self, record, fate):
        """Note the end of an event: delivered, given up or lost."""
        with self._lock:
            record["done"] = True
            self._counts[fate] += 1

    def as_dict(self):
        """Counts of all events, and the last ones; ``pending`` are neither delivered, given up nor lost."""
        with self._lock:
            done = {fate: self._counts[fate] for fate in (DELIVERED, GIVEN_UP, LOST)}
            total = self._counts["total"]
            counts = {"total": total, "pending": total - sum(done.values()), **done}
            events = [dict(record) for record in self._records]
        return {**counts, "duplicates": self._counts["duplicates"], "events": events}


class EventSender:
    """Posts events to ``url`` from threads of its own: 5 seconds to answer, then up to three repeats (§ 16.3).

    No event is kept without a ``url``, and no thread runs before the first event.
    """

    def __init__(self, url=None, seed=1):
        self.url = url
        self._condition = threading.Condition()
        self._workers = 0
        self._stopped = False
        self._number = 0
        self._waiting = []  # a heap of (time it is due, running number, record, world, message)
        self._flush_at = 0
        self._restart(Behaviour(), seed)

    def _restart(self, behaviour, seed):
        """Begin the draws of ``seed`` anew, so that the same acts meet the same fates."""
        self.behaviour = behaviour
        self._random = random.Random(seed)
        self._held = []

    def behave(self, behaviour, seed):
        """Deliver by ``behaviour`` from now on; what was held back for shuffling is released."""
        with self._condition:
            self._release()
            self._restart(behaviour, seed)
            self._start_workers()
            self._condition.notify_all()

    def reset(self, seed):
        """Forget the events that wait, and behave well again."""
        with self._condition:
            self._waiting = []
            self._restart(Behaviour(), seed)

    def send(self, world, fields):
        """Queue one event of ``world`` and note its fate in ``world.events``."""
        message = xml(fields).encode()
        with self._condition:
            lost, twice = (self._random.random() < share for share in (self.behaviour.lose, self.behaviour.duplicate))
            record = world.events.enter(fields)
            if lost:
                world.events.settle(record, LOST)
                return
            self._held.append((record, world, message))
            if twice:
                self._held.append((world.events.enter(fields, duplicate=True), world, message))
            self._flush_at = time.monotonic() + FLUSH_SECONDS
            if len(self._held) >= self.behaviour.reorder:
                self._release()
            else:
                self._condition.notify()  # somebody has to watch for the time to flush
            self._start_workers()

    def stop(self):
        """End the threads after what they are sending now."""
        with self._condition:
            self._stopped = True
            self._condition.notify_all()

    def _release(self):
        """Let the events held back go, shuffled when order is to be lost."""
        if self.behaviour.reorder:
            self._random.shuffle(self._held)
        due = time.monotonic() + self.behaviour.delay
        self._condition.notify(len(self._held))
        for event in self._held:
            self._number += 1
            heapq.heappush(self._waiting, (due, self._number, *event))
        self._held = []

    def _start_workers(self):
        while self._workers < self.behaviour.connections and (self._waiting or self._held):
            self._workers += 1
            threading.Thread(target=self._run, name="wecom-sandbox-events", daemon=True).start()

    def _run(self):
        while (event := self._next()) is not None:
            self._deliver(*event)

    def _next(self):
        """The next event that is due, waited for; None when this thread shall end."""
        with self._condition:
            while not self._stopped and self._workers <= self.behaviour.connections:
                now = time.monotonic()
                if self._held and self._flush_at <= now:
                    self._release()
                if self._waiting and self._waiting[0][0] <= now:
                    return heapq.heappop(self._waiting)[2:]
                times = [self._waiting[0][0]] if self._waiting else []
                times += [self._flush_at] if self._held else []
                self._condition.wait(min(times) - now if times else None)
            self._workers -= 1
            return None

    def _deliver(self, record, world, message):
        for _ in range(1 + REPEATS):
            url = self.url
            if url is None:
                record["status"] = "not sent: the callback address was cleared"
                break
            record["attempts"] += 1
            record["status"] = self._post(url, world.credentials, message)
            if record["status"] == 200:
                world.events.settle(record, DELIVERED)
                return
        world.events.settle(record, GIVEN_UP)

    @staticmethod
    def _post(url, credentials, message):
        """Post once; returns the HTTP status, or why there was none."""
        encrypted = encrypt(credentials.encoding_aes_key, credentials.corp_id, message)
        body = xml({"ToUserName": credentials.corp_id, "AgentID": str(credentials.agent_id), "Encrypt": encrypted})
        status, answer = ask(signed_address(url, credentials.token, encrypted), TIMEOUT, body.encode())
        return answer if status is None else status
