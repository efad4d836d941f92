"""Finds an Odoo 19: ``ODOO_HOME``, then the cache, then Debian's package unpacked, then a clone of the 19.0 branch."""

import ast
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dev import debian
from dev.console import Stop, run, step
from dev.paths import CACHE, exclusive

BRANCH = "19.0"
REPOSITORY = "https://github.com/odoo/odoo"
FROM_UNSTABLE = [
    "odoo-19",
    "libjs-jquery",
    "libjs-underscore",
    "libjs-jquery-form",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-glyphicons-halflings",
]
# The unstable ones are laid out differently and would leave dead links in Odoo's folder.
FROM_OWN_SUITE = ["fonts-font-awesome", "fonts-inconsolata"]


@dataclass(frozen=True)
class Odoo:
    """An Odoo on disk: the folder to put on PYTHONPATH, its addons folders, and its version."""

    root: Path
    addons: tuple[Path, ...]
    version: str


def find() -> Odoo:
    """Return an Odoo 19, fetching one into the cache when there is none. Raises ``Stop``."""
    home = os.environ.get("ODOO_HOME")
    if home:
        odoo = inspect(Path(home).expanduser())
        if not odoo:
            raise Stop(
                f"ODOO_HOME={home} holds no Odoo {BRANCH}: point it at a checkout, or unset it to have one fetched."
            )
        return odoo
    with exclusive(CACHE, "odoo"):
        return cached() or fetch()


def inspect(folder: Path) -> Odoo | None:
    """The Odoo 19 below ``folder`` (a checkout, a package folder or an unpacked Debian package), or None."""
    for root in (folder, folder / "usr/lib/python3/dist-packages"):
        release = root / "odoo" / "release.py"
        if not release.is_file():
            continue
        version = read_version(release)
        if version.startswith(BRANCH):
            candidates = (root / "odoo" / "addons", root / "addons")
            # Debian's second addons folder holds static files only.
            return Odoo(root, tuple(path for path in candidates if any(path.glob("*/__manifest__.py"))), version)
    return None


def read_version(release: Path) -> str:
    """The version tuple of Odoo's ``release.py`` as text, e.g. ``19.0``."""
    for node in ast.parse(release.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "version_info":
            numbers = [part.value for part in node.value.elts[:2] if isinstance(part, ast.Constant)]
            return ".".join(str(number) for number in numbers)
    return ""


def cached() -> Odoo | None:
    """The Odoo an earlier run put into the cache; only complete ones bear these names."""
    for name in ("odoo-debian", "odoo-clone"):
        odoo = inspect(CACHE / name)
        if odoo:
            return odoo
    return None


def fetch() -> Odoo:
    """Fetch Odoo into the cache by the first way that works; a failed way leaves nothing behind."""
    failures = []
    for leftover in (*CACHE.glob("unfinished-*"), CACHE / "odoo-debian", CACHE / "odoo-clone"):
        shutil.rmtree(leftover, ignore_errors=True)  # of a run that was killed: none of them holds a whole Odoo
    for name, way in (("odoo-debian", from_debian), ("odoo-clone", from_clone)):
        try:
            with tempfile.TemporaryDirectory(dir=CACHE, prefix="unfinished-") as folder:
                result = way(Path(folder))
                if not inspect(result):
                    raise Stop("what was fetched holds no Odoo 19")
                result.rename(CACHE / name)
            return inspect(CACHE / name)
        except Stop as stop:
            failures.append(str(stop))
    raise Stop(f"No Odoo 19 could be had; set ODOO_HOME to a checkout of its {BRANCH} branch. " + " ".join(failures))


def from_debian(folder: Path) -> Path:
    """Unpack Debian's odoo-19 with what it links to below ``folder``; return the unpacked root."""
    archives = debian.archives(folder / "machine")
    if not archives:
        raise Stop("The Debian package needs apt with a Debian archive.")
    archive = archives[0]
    root = folder / "root"
    root.mkdir()
    with step("Odoo 19 from Debian's package (about 120 MB, half a minute)"):
        debian.PrivateApt(folder / "unstable", archive["address"], "sid").unpack(FROM_UNSTABLE, root)
        debian.PrivateApt(folder / "own", archive["address"], archive["suite"]).unpack(FROM_OWN_SUITE, root)
        mend(root)
    return root


def mend(root: Path) -> None:
    """Make the unpacked package whole: links point inside ``root``, and the one missing file is an empty one."""
    odoo = root / "usr/lib/python3/dist-packages/odoo"
    # Not in the package; without it a console error fails every browser test.
    placeholder = odoo / "addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
    placeholder.parent.mkdir(parents=True, exist_ok=True)
    placeholder.touch()
    for path in odoo.rglob("*"):
        if path.is_symlink() and os.readlink(path).startswith("/"):
            target = root / os.readlink(path).lstrip("/")
            path.unlink()
            path.symlink_to(os.path.relpath(target.resolve(), path.parent))
    dead = [path for path in odoo.rglob("*") if path.is_symlink() and not path.exists()]
    if dead:
        raise Stop(f"Debian's odoo-19 links to files that are not there, e.g. {dead[0].relative_to(root)}.")


def from_clone(folder: Path) -> Path:
    """Clone the 19.0 branch without its history below ``folder``."""
    if not shutil.which("git"):
        raise Stop("Cloning Odoo needs git: install it.")
    with step(f"Odoo {BRANCH} cloned (about 500 MB)"):
        command = ["git", "clone", "--quiet", "--depth=1", f"--branch={BRANCH}", REPOSITORY, folder / "odoo"]
        run(command, f"Odoo's {BRANCH} branch could not be cloned.", env={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
    return folder / "odoo"
