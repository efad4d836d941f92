"""``make bench``: the benchmarks on a database of their own, made from a template with what they compare against."""

import os
import subprocess

from dev import addon, database, odoo_run, odoo_source, postgres
from dev.console import say
from dev.paths import PROJECT

COMPARED_WITH = ["mass_mailing_sms"]


def main(arguments: list[str]) -> int:
    """Run all benchmarks or the named ones; exit code 1 when a goal is missed."""
    odoo = odoo_source.find()
    with postgres.in_use():
        base = database.template(odoo, database.Recipe("extra", COMPARED_WITH, database.with_dependencies(odoo)))
        template = database.template(odoo, database.Recipe("bench", [addon.NAME], base, addon.fingerprint()))
        name = f"bench_{os.getpid()}"
        database.copy(template, name)
        environment = odoo_run.environment(odoo)
        words = [str(odoo_run.PYTHON), "-m", "benchmarks", f"--database={name}"]
        words += [f"--addons-path={odoo_run.addons_path(odoo)}", f"--data-dir={database.ODOO_DATA}"]
        say("-> benchmarks ...")
        try:
            return subprocess.call([*words, *arguments], env=environment, cwd=PROJECT)
        finally:
            database.drop(name)
