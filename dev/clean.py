"""``make clean``: removes the environment, the data and the cache that the other commands made."""

import shutil

from dev import postgres
from dev.console import Stop, say
from dev.paths import CACHE, DATA, PROJECT, VENV


def main(arguments: list[str]) -> int:
    """Stop the embedded server, then remove everything these commands made."""
    postgres.refuse_while_in_use()
    postgres.kill()
    for folder in (DATA, VENV, CACHE, PROJECT / ".ruff_cache", PROJECT / ".pytest_cache"):
        if folder.exists():
            say(f"-> removing {folder}")
            shutil.rmtree(folder, onerror=refuse)
    for folder in list(PROJECT.rglob("__pycache__")):
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def refuse(function, path, error_information) -> None:
    """Say in one line which file cannot be removed."""
    raise Stop(f"{path} cannot be removed: run make clean as the user who made it.") from error_information[1]
