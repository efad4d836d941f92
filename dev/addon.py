"""What the rest of the bootstrap needs to know of the addon."""

import ast
import hashlib
from pathlib import Path

from dev.paths import ADDON

NAME = ADDON.name
NOT_INSTALLED = {"__pycache__", "tests", "readme"}


def dependencies() -> list[str]:
    """The modules the addon's manifest depends on."""
    return ast.literal_eval((ADDON / "__manifest__.py").read_text(encoding="utf-8"))["depends"]


def fingerprint(*folders: Path) -> str:
    """Changes whenever a file of the addon, or of ``folders``, changes that a database is made from."""
    digest = hashlib.sha256()
    for folder in (ADDON, *folders):
        digest.update(of_folder(folder))
    return digest.hexdigest()


def of_folder(folder: Path) -> bytes:
    """The digest of the names and contents of the files below ``folder``."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not NOT_INSTALLED.intersection(relative.parts):
            digest.update(f"{relative}\0".encode() + path.read_bytes() + b"\0")
    return digest.digest()
