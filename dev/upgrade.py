"""The upgrade test: an earlier state of the addon with its sample data, brought to this one, loses nothing."""

import shutil
import subprocess
import tarfile
from pathlib import Path

import psycopg2
from psycopg2 import sql

from dev import addon, database, odoo_run, odoo_source, postgres, verdict
from dev.console import step
from dev.paths import DATA, PROJECT

# The first state that could be installed, until there is a tagged release to come from.
FIRST_STATE = "7dc87d085c3b"
DATABASE = "upgrade"
SAMPLE_DATA = "--with-demo"
# What the sample data of every state fills.
FILLED = ("wecom_corp", "wecom_member", "wecom_follow", "wecom_tag", "wecom_broadcast", "wecom_broadcast_recipient")
# Columns that say when Odoo last wrote a row: an update writes some.
WRITTEN_BY_UPDATE = {"write_date", "write_uid"}


def check() -> verdict.Tally:
    """Install the earlier state, update it with this one, and compare every row the addon kept."""
    state = earlier_state()
    if not state:
        # Neither passed nor failed: alone it fails because nothing ran, beside the others it is said.
        return verdict.Tally(problems=["not tried, this copy has no history: git fetch --unshallow --tags"])
    odoo = odoo_source.find()
    postgres.ensure()
    make_earlier(odoo, state)
    try:
        before = rows()
        with step(f"an upgrade from {state} (half a minute)"):
            log = odoo_run.change(odoo, DATABASE, f"--update={addon.NAME}", SAMPLE_DATA)
        problems = [*verdict.disturbing_lines(log), *lost(before, rows())]
    finally:
        database.drop(DATABASE)
    return verdict.Tally(failed=len(problems), problems=problems) if problems else verdict.Tally(passed=1)


def git(*words: str) -> subprocess.CompletedProcess:
    """Run git in the project."""
    return subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, text=True)


def earlier_state() -> str | None:
    """The newest tag before this state, else the first state; nothing where the history is not there."""
    tag = git("describe", "--tags", "--abbrev=0", "HEAD^").stdout.strip()
    state = tag or FIRST_STATE
    return state if not git("cat-file", "-e", f"{state}:{addon.NAME}/__manifest__.py").returncode else None


def fetch(state: str) -> Path:
    """A folder with the addon as it was in ``state``."""
    folder = DATA / "upgrade"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = folder / "addon.tar"
    git("archive", f"--output={archive}", state, addon.NAME)
    with tarfile.open(archive) as packed:
        packed.extractall(folder)
    return folder


def make_earlier(odoo: odoo_source.Odoo, state: str) -> None:
    """Make the database with the earlier addon and the sample data of all modules."""
    base = database.template(odoo, database.Recipe("sample", addon.dependencies(), options=(SAMPLE_DATA,)))
    options = (SAMPLE_DATA, odoo_run.addons_path(odoo, fetch(state)))
    database.copy(database.template(odoo, database.Recipe("earlier", [addon.NAME], base, state, options)), DATABASE)


def rows() -> dict[str, dict[tuple, dict]]:
    """Every row of the addon's tables, and the addon's columns of partners, by table and key."""
    connection = psycopg2.connect(dbname=DATABASE, **postgres.as_arguments())
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE tablename ~ '^wecom_' OR tablename = 'res_partner'")
            return {table: of_table(cursor, table) for (table,) in cursor.fetchall()}
    finally:
        connection.close()


def of_table(cursor, table: str) -> dict[tuple, dict]:
    """The rows of one table; a link between two tables, which has no id, is its own key."""
    cursor.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
    names = [column.name for column in cursor.description]
    found = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    return {(row["id"],) if "id" in row else tuple(sorted(map(str, row.items()))): row for row in found}


def lost(before: dict, after: dict) -> list[str]:
    """What of ``before`` is not in ``after``: tables, rows, and values of columns that both have."""
    problems = [f"{table} was empty before: nothing was tried" for table in FILLED if not before.get(table)]
    for table, kept in sorted(before.items()):
        if table not in after:
            problems += [f"table {table} is gone with {len(kept)} rows"] if kept else []
            continue
        problems += [f"{table}: row {key} is gone" for key in kept if key not in after[table]]
        pairs = [(row, after[table][key]) for key, row in kept.items() if key in after[table]]
        changed = {
            f"{table}.{column}: {old[column]!r} became {new[column]!r}"
            for old, new in pairs
            for column in (old.keys() & new.keys()) - WRITTEN_BY_UPDATE
            if old[column] != new[column]
        }
        problems += sorted(changed)
    return problems
