"""Odoo as a process: its environment and its command line."""

import os
import subprocess
from contextlib import suppress

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


def addons_path(odoo: Odoo) -> str:
    """Odoo's ``--addons-path`` with this project's addon on it."""
    return ",".join(str(folder) for folder in (*odoo.addons, PROJECT))


def command(odoo: Odoo, database: str, *options: str) -> list[str]:
    """Odoo's command line on one database, with this project's addon on the path and no scheduled actions."""
    return [
        str(PYTHON),
        "-m",
        "odoo",
        f"--addons-path={addons_path(odoo)}",
        f"--data-dir={DATA / 'odoo'}",
        f"--database={database}",
        f"--db-filter=^{database}$",
        "--http-interface=127.0.0.1",
        "--max-cron-threads=0",
        *options,
    ]


def install(odoo: Odoo, database: str, modules: list[str], options: list[str]) -> None:
    """Install ``modules`` into ``database``, making it when it is not there. Raises ``Stop`` with Odoo's last words."""
    words = command(odoo, database, "--init=" + ",".join(modules), "--no-http", "--stop-after-init", *options)
    log = DATA / f"{database}.log"
    with open(log, "w") as output:
        result = subprocess.run(
            words, env=environment(odoo), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=PROJECT
        )
    text = log.read_text(errors="replace")
    if result.returncode or "CRITICAL" in text or "Failed to load registry" in text:
        raise Stop(explain(text, f"Odoo could not install {', '.join(modules)}: see {log.relative_to(PROJECT)}."))
    with suppress(OSError):
        log.unlink()
