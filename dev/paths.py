"""Where things lie: the project, its own data folder, and the user's cache."""

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ADDON = PROJECT / "wecom_customer_reach"
VENV = PROJECT / ".venv"
DATA = PROJECT / ".data"
DIST = PROJECT / "dist"
LOCK_FILE = PROJECT / "requirements.lock"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wecom-customer-reach"


def try_alone(handle) -> bool:
    """Lock an open file for this program alone, without waiting; return whether nobody else holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def exclusive(folder: Path, name: str):
    """Hold the lock file ``folder/name.lock``, waiting for whoever holds it now."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{name}.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
