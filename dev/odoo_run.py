"""Odoo as a process: its environment and its command line."""

import os
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from dev import postgres
from dev.console import Stop, explain
from dev.odoo_source import Odoo
from dev.paths import DATA, PROJECT
from dev.python_environment import PYTHON


def environment(odoo: Odoo) -> dict[str, str]:
    """What Odoo's process needs: its package and the sandbox importable, the database server, the tools."""
    path = os.pathsep.join([str(PYTHON.parent), os.environ.get("PATH", "")])
    python_path = os.pathsep.join([str(odoo.root), str(PROJECT)])
    return {
        **os.environ,
        **postgres.connection_environment(),
        "PYTHONPATH": python_path,
        "PATH": path,
        "ODOO_RC": os.devnull,
    }


def addons_path(odoo: Odoo, folder: Path = PROJECT) -> str:
    """Odoo's option ``--addons-path`` with the addon in ``folder``, this project's own when not said."""
    return "--addons-path=" + ",".join(str(part) for part in (*odoo.addons, folder))


def command(odoo: Odoo, database: str, *options: str) -> list[str]:
    """Odoo's command line on one database, with this project's addon on the path and no scheduled actions."""
    return [
        str(PYTHON),
        "-m",
        "odoo",
        addons_path(odoo),
        f"--data-dir={DATA / 'odoo'}",
        f"--database={database}",
        f"--db-filter=^{database}$",
        "--http-interface=127.0.0.1",
        "--max-cron-threads=0",
        *options,
    ]


def install(odoo: Odoo, database: str, modules: list[str], options: Iterable[str] = ()) -> None:
    """Install ``modules`` into ``database``, making it when it is not there. Raises ``Stop`` with Odoo's last words."""
    change(odoo, database, "--init=" + ",".join(modules), *options)


def change(odoo: Odoo, database: str, *options: str) -> str:
    """Run Odoo once with ``options`` that change ``database``; return its log. Raises ``Stop`` with its last words."""
    words = command(odoo, database, "--no-http", "--stop-after-init", *options)
    log = DATA / f"{database}.log"
    with open(log, "w") as output:
        result = subprocess.run(
            words, env=environment(odoo), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=PROJECT
        )
    text = log.read_text(errors="replace")
    if result.returncode or "CRITICAL" in text or "Failed to load registry" in text:
        raise Stop(explain(text, f"Odoo could not run with {' '.join(options)}: see {log.relative_to(PROJECT)}."))
    with suppress(OSError):
        log.unlink()
    return text
