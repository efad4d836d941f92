"""Commands for the developer at work: databases of his own, Odoo on them, its shell and tests, psql."""

import argparse
import os
import shlex
import subprocess

from dev import addon, database, odoo_run, odoo_source, postgres
from dev.console import say


def new_database(arguments: list[str]) -> int:
    """Make a database from the template with the addon's dependencies."""
    parser = argparse.ArgumentParser(prog="python -m dev new-db")
    parser.add_argument("--db", required=True)
    parser.add_argument("--with", dest="extra", default="", help="more modules, e.g. mass_mailing_sms")
    options = parser.parse_args(arguments)
    make(odoo_source.find(), options.db, options.extra.split(",") if options.extra else [])
    return 0


def make(odoo: odoo_source.Odoo, name: str, extra: list[str]) -> None:
    """Make database ``name`` anew with the dependencies, and the modules ``extra``, installed."""
    postgres.ensure()
    template = database.with_dependencies(odoo)
    if extra:
        template = database.template(odoo, database.Recipe("extra", extra, template))
    database.copy(template, name)


def drop_database(arguments: list[str]) -> int:
    """Drop a database with its filestore."""
    options, _ = on_database("drop-db", arguments)
    postgres.ensure()
    database.drop(options.db)
    return 0


def on_database(name: str, arguments: list[str], default: str | None = None):
    """Parse ``--db`` out of ``arguments``; the rest goes on to the program."""
    parser = argparse.ArgumentParser(prog=f"python -m dev {name}", allow_abbrev=False)
    parser.add_argument("--db", required=default is None, default=default)
    return parser.parse_known_args(arguments)


def odoo(arguments: list[str]) -> int:
    """Run Odoo on a database, with any of its options."""
    options, rest = on_database("odoo", arguments)
    found = odoo_source.find()
    postgres.ensure()
    return subprocess.call(odoo_run.command(found, options.db, *rest), env=odoo_run.environment(found))


def odoo_shell(arguments: list[str]) -> int:
    """Run Odoo's shell on a database."""
    options, rest = on_database("odoo-shell", arguments)
    found = odoo_source.find()
    postgres.ensure()
    words = odoo_run.command(found, options.db, "--no-http", *rest)
    words.insert(3, "shell")
    return subprocess.call(words, env=odoo_run.environment(found))


def odoo_test(arguments: list[str]) -> int:
    """Run Odoo tests on a database of that name, its log on the terminal."""
    parser = argparse.ArgumentParser(prog="python -m dev odoo-test", allow_abbrev=False)
    parser.add_argument("--db", required=True)
    parser.add_argument("--port", default="8069")
    parser.add_argument("--tags", default=f"/{addon.NAME}")
    parser.add_argument("--with", dest="extra", default="")
    parser.add_argument("--keep", action="store_true", help="use the database as it is, updating the addon")
    options, rest = parser.parse_known_args(arguments)
    found = odoo_source.find()
    postgres.ensure()
    if not options.keep:
        make(found, options.db, options.extra.split(",") if options.extra else [])
    action = "--update" if options.keep else "--init"
    words = [f"{action}={addon.NAME}", f"--http-port={options.port}", f"--test-tags={options.tags}", *rest]
    return subprocess.call(odoo_run.command(found, options.db, *words), env=odoo_run.environment(found))


def psql(arguments: list[str]) -> int:
    """Run psql on a database."""
    options, rest = on_database("psql", arguments, default="postgres")
    postgres.ensure()
    words = [str(postgres.programs() / "psql"), "-d", options.db, *rest]
    return subprocess.call(words, env={**os.environ, **postgres.connection_environment()})


def environment(arguments: list[str]) -> int:
    """Print shell lines that let any program find Odoo and the server."""
    values = odoo_run.environment(odoo_source.find())
    for name in ("PYTHONPATH", "PGHOST", "PGPORT", "PGUSER"):
        if name in values:
            say(f"export {name}={shlex.quote(values[name])}")
    return 0
