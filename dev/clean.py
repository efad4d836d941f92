"""``make clean``: removes the environment, the data and the cache that the other commands made."""

import shutil
import subprocess

from dev import postgres
from dev.console import Stop, say
from dev.paths import CACHE, DATA, DIST, PROJECT, VENV
from dev.python_environment import PYTHON


def main(arguments: list[str]) -> int:
    """Stop the embedded server, then remove everything these commands made."""
    postgres.refuse_while_in_use()
    drop_databases()
    postgres.kill()
    for folder in (DATA, DIST, VENV, CACHE, PROJECT / ".pytest_cache"):
        if folder.exists():
            say(f"-> removing {folder}")
            shutil.rmtree(folder, onerror=refuse)
    for name in ("__pycache__", ".ruff_cache"):
        for folder in list(PROJECT.rglob(name)):
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def drop_databases() -> None:
    """Drop what these commands made on a server named by PGHOST; what it will not give up is said, and stays."""
    if not postgres.is_external() or not PYTHON.exists():
        return
    say("-> dropping this project's databases on the PostgreSQL server")
    command = [str(PYTHON), "-c", "from dev import database; database.drop_own()"]
    if subprocess.run(command, cwd=PROJECT, stderr=subprocess.DEVNULL, check=False).returncode:
        say("   the server did not answer: databases named wecom_… and template_… may stay on it")


def refuse(function, path, error_information) -> None:
    """Say in one line which file cannot be removed."""
    raise Stop(f"{path} cannot be removed: run make clean as the user who made it.") from error_information[1]
