"""Faults on demand: what goes wrong between a WeCom client and the service."""

import random
from dataclasses import asdict, dataclass

from .checks import REQUIRED, ControlError, in_range, read

DELAY, DROP_ANSWER, DROP_CONNECTION = "delay", "drop_answer", "drop_connection"
HTTP_ERROR, ERRCODE, TRUNCATED, NOT_JSON = "http_error", "errcode", "truncated", "not_json"
KINDS = (DELAY, DROP_ANSWER, DROP_CONNECTION, HTTP_ERROR, ERRCODE, TRUNCATED, NOT_JSON)
# Which member a kind needs beside path and kind
_NEEDS = {DELAY: "seconds", HTTP_ERROR: "status", ERRCODE: "errcode"}


@dataclass
class Fault:
    """One entry of the list of faults.

    ``times`` counts down, ``share`` is the part of calls it hits, ``after`` counts down the calls that are let pass
    before. ``done``: an errcode or HTTP error is answered although the work was done.
    """

    id: int
    path: str
    kind: str
    times: int | None
    share: float | None
    seconds: float | None
    status: int | None
    errcode: int | None
    after: int | None
    done: bool | None


class Faults:
    """The faults set up, oldest first; the first that fits a call hits it."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._faults = []
        self._number = 0

    def add(self, data, known_paths):
        """Add a fault from control input; raises ControlError. Neither times nor share means: the next call."""
        values = read(
            data,
            path=(str, REQUIRED),
            kind=(str, REQUIRED),
            times=(int, None),
            share=(float, None),
            seconds=(float, None),
            status=(int, None),
            errcode=(int, None),
            after=(int, None),
            done=(bool, None),
        )
        self._check(values, known_paths)
        if values["times"] is None and values["share"] is None:
            values["times"] = 1
        self._number += 1
        self._faults.append(Fault(self._number, **values))
        return self._number

    @staticmethod
    def _check(values, known_paths):
        kind = values["kind"]
        if kind not in KINDS:
            raise ControlError(f"'kind' must be one of {', '.join(KINDS)}")
        if values["path"] != "*" and values["path"] not in known_paths:
            raise ControlError(f"'path' must be \"*\" or a path of the API, not {values['path']!r}")
        for name in ("seconds", "status", "errcode"):
            needed = _NEEDS.get(kind) == name
            if needed != (values[name] is not None):
                raise ControlError(f"a fault of kind {kind!r} {'needs' if needed else 'takes no'} {name!r}")
        if values["times"] is not None:
            in_range(values["times"], "times", 1, 1_000_000_000)
        if values["share"] is not None:
            in_range(values["share"], "share", 0, 1)
        if values["seconds"] is not None:
            in_range(values["seconds"], "seconds", 0, 3600)
        if values["status"] is not None:
            in_range(values["status"], "status", 400, 599)
        if values["after"] is not None:
            in_range(values["after"], "after", 1, 1_000_000_000)
        if values["done"] is not None and kind not in (HTTP_ERROR, ERRCODE):
            raise ControlError(f"a fault of kind {kind!r} takes no 'done': only {HTTP_ERROR} and {ERRCODE} do")
        if values["errcode"] == 0:
            raise ControlError("'errcode' must not be 0, which means success")

    def take(self, path):
        """The fault that hits a call of ``path`` now, or None."""
        for fault in self._faults:
            if fault.path not in ("*", path):
                continue
            if fault.after:
                fault.after -= 1
                continue
            if fault.share is not None and self._random.random() >= fault.share:
                continue
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self._faults.remove(fault)
            return fault
        return None

    def as_list(self):
        """The faults still set up, as the control surface shows them."""
        return [{k: v for k, v in asdict(fault).items() if v is not None} for fault in self._faults]

    def clear(self):
        """Remove all faults; returns how many there were."""
        count = len(self._faults)
        self._faults = []
        return count
