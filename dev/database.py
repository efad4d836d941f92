"""Databases: made by Odoo once as a template, then copied in a second, with their filestore."""

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql

from dev import addon, odoo_run, postgres
from dev.console import Stop, step
from dev.odoo_source import Odoo
from dev.paths import DATA, LOCK_FILE, exclusive

ODOO_DATA = DATA / "odoo"
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@contextmanager
def administration():
    """A cursor outside any transaction on the server's own database ``postgres``."""
    connection = psycopg2.connect(dbname="postgres", **postgres.as_arguments())
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def exists(name: str) -> bool:
    """Whether the database ``name`` stands on the server."""
    with administration() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return bool(cursor.fetchone())


def filestore(name: str):
    """The folder of the attachments of database ``name``."""
    return ODOO_DATA / "filestore" / name


def is_complete(name: str) -> bool:
    """Whether the database ``name`` stands on the server with its files here: a server can outlive them."""
    return exists(name) and filestore(name).is_dir()


def drop(name: str) -> None:
    """Drop the database ``name`` with its filestore, cutting whoever is connected; none is no error."""
    with administration() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    shutil.rmtree(filestore(name), ignore_errors=True)


def copy(template: str, name: str) -> None:
    """Make database ``name`` anew as a copy of ``template``; raises ``Stop`` for a name PostgreSQL would bend."""
    if not NAME.fullmatch(name):
        raise Stop(f"{name!r} is no good database name: use small letters, digits and _, beginning with a letter.")
    drop(name)
    # One copy at a time: PostgreSQL wants nobody else at the template meanwhile.
    with exclusive(DATA, "copy"), administration() as cursor:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    if filestore(template).is_dir():
        # Odoo never changes a stored file, so both may share it.
        shutil.copytree(filestore(template), filestore(name), copy_function=os.link, dirs_exist_ok=True)


def drop_own() -> None:
    """Drop every database whose filestore lies in this project's data folder."""
    for folder in filestore("").glob("*"):
        drop(folder.name)


def rename(old: str, new: str) -> None:
    """Give a finished database its final name, last of all: under that name it is complete."""
    drop(new)
    if filestore(old).is_dir():
        filestore(old).rename(filestore(new))
    with administration() as cursor:
        cursor.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


@dataclass(frozen=True)
class Recipe:
    """How a template database is made: ``modules`` installed on a copy of ``base``, then ``fill`` called with its name.

    ``key`` names whatever else the result depends on; ``purpose`` is part of the name; ``options`` are Odoo's.
    """

    purpose: str
    modules: list[str]
    base: str | None = None
    key: str = ""
    options: tuple[str, ...] = ()
    fill: Callable[[str], None] | None = None

    def name(self, odoo: Odoo) -> str:
        """The database's name: another one whenever anything it is made from changes."""
        parts = [odoo.version, str(odoo.root), *sorted(self.modules), self.base or "", self.key, *self.options]
        if postgres.is_external():
            parts.append(str(DATA))  # a server may serve several clones, and each keeps its own filestore
        digest = hashlib.sha256("\0".join([*parts, LOCK_FILE.read_text()]).encode())
        return f"template_{self.purpose}_{digest.hexdigest()[:12]}"


def template(odoo: Odoo, recipe: Recipe) -> str:
    """The name of the template database of ``recipe``, built on first use."""
    name = recipe.name(odoo)
    with exclusive(DATA, "template"):
        if not is_complete(name):
            with step(f"a template database with {', '.join(sorted(recipe.modules))} (up to a minute)"):
                build(odoo, name, recipe)
            drop_outdated(recipe.purpose)
    return name


def build(odoo: Odoo, name: str, recipe: Recipe) -> None:
    """Make the template under another name until it is complete."""
    unfinished = f"{name}_unfinished"
    drop(unfinished)
    if recipe.base:
        copy(recipe.base, unfinished)
    odoo_run.install(odoo, unfinished, recipe.modules, recipe.options)
    if recipe.fill:
        recipe.fill(unfinished)
    rename(unfinished, name)


def drop_outdated(purpose: str) -> None:
    """Drop all templates of ``purpose`` but the newest three: another run may still be copying one of them."""
    with administration() as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE datname ~ %s ORDER BY oid DESC OFFSET 3",
            [f"^template_{purpose}_[0-9a-f]{{12}}$"],
        )
        names = [row[0] for row in cursor.fetchall()]
    for name in names:
        drop(name)


def with_dependencies(odoo: Odoo, languages: str = "") -> str:
    """The template that holds the addon's dependencies, but not the addon."""
    options = (f"--load-language={languages}",) if languages else ()
    return template(odoo, Recipe("base", addon.dependencies(), options=options))
