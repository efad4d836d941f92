"""The addon's own tests, run by Odoo on a fresh copy of the template database."""

import os
import subprocess

from dev import addon, browser, database, odoo_run, odoo_source, ports, postgres, verdict
from dev.console import say
from dev.paths import DATA, PROJECT

ALL = f"/{addon.NAME}"
# Far above what they take, far below what a build server allows.
LIMIT_MINUTES = 45
TOURS = ",".join(f"/{addon.NAME}/tests/{file.name}" for file in sorted(addon.ADDON.glob("tests/test_tours*.py")))


def run(tags: str = ALL) -> verdict.Tally:
    """Run the tests of ``tags`` (Odoo's --test-tags) on a database of this run; its log stays in ``.data``."""
    browser.ensure()
    odoo = odoo_source.find()
    postgres.ensure()
    name = f"test_{os.getpid()}"
    log = DATA / "odoo-tests.log"
    database.copy(database.with_dependencies(odoo), name)
    options = [f"--init={addon.NAME}", f"--test-tags={tags}", f"--http-port={ports.free()}"]
    options.append(f"--screenshots={DATA / 'screenshots'}")
    say(f"-> Odoo tests {tags} (log: {log.relative_to(PROJECT)}) ...")
    try:
        with open(log, "w") as output:
            result = subprocess.run(
                odoo_run.command(odoo, name, *options),
                env=odoo_run.environment(odoo),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=PROJECT,
                timeout=LIMIT_MINUTES * 60,
            )
    except subprocess.TimeoutExpired:
        problem = f"Odoo's tests did not end within {LIMIT_MINUTES} minutes; the last one in {log} hangs"
        return verdict.Tally(failed=1, problems=[problem])
    finally:
        database.drop(name)
    return verdict.from_odoo(log.read_text(errors="replace"), result.returncode)
