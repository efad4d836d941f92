"""Credentials that the server gives, so that they stand in no database: from ``odoo.conf`` or the environment.

Each corp has a section of its own, named after its corp id, so one server serves several companies and databases::

    [wecom ww1234567890abcdef]
    secret = …
    agentid = 1000002
    base_url = https://qyapi.weixin.qq.com
    databases = production, training

Only ``secret`` is needed. ``databases`` says who may use it; without it, every database in which an administrator
enters the corp id. The environment goes before the file: ``WECOM_WW1234567890ABCDEF_SECRET``, ``…_AGENTID``,
``…_BASE_URL``, ``…_DATABASES``. Secret and address go together: nobody who may change the corp in Odoo can have the
secret sent elsewhere.
"""

import os
from configparser import Error, RawConfigParser
from dataclasses import dataclass, field
from functools import lru_cache

from odoo.tools import config

from ..wecom_api.client import DEFAULT_BASE_URL

NAMES = ("secret", "agentid", "base_url", "databases")


@dataclass(frozen=True)
class ServerCredentials:
    """``source`` tells an administrator where they stand."""

    secret: str = field(repr=False)
    agentid: str
    base_url: str
    source: str


def of(corpid, database):
    """Return the credentials of ``corpid`` that ``database`` may use, or None when the server gives none."""
    if not corpid:
        return None
    prefix = f"WECOM_{corpid.upper()}_"
    section = f"wecom {corpid}"
    from_file = _sections(config["config"] or "").get(section, {})
    from_environment = {
        name: value.strip() for name in NAMES if (value := os.environ.get(prefix + name.upper(), "")).strip()
    }
    values = {**from_file, **from_environment}
    databases = [name for name in values.get("databases", "").replace(",", " ").split() if name]
    if not values.get("secret") or (databases and database not in databases):
        return None
    return ServerCredentials(
        values["secret"],
        values.get("agentid", ""),
        values.get("base_url", DEFAULT_BASE_URL),
        f"{prefix}SECRET" if "secret" in from_environment else f"[{section}]",
    )


def _sections(path):
    """Return {section: {name: value}} of the configuration file; it is read again when it has changed."""
    try:
        changed = os.stat(path).st_mtime_ns
    except OSError:
        return {}
    return _read(path, changed)


@lru_cache(maxsize=2)
def _read(path, changed):
    parser = RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (Error, UnicodeDecodeError):
        return {}
    return {
        section: {name: value.strip() for name, value in parser.items(section) if name in NAMES and value.strip()}
        for section in parser.sections()
        if section.startswith("wecom ")
    }
