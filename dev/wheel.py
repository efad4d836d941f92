"""``make wheel``: the addon as a wheel, the way the OCA builds them, to be installed beside Odoo by pip."""

import shutil
import tempfile
from pathlib import Path

from dev.console import run, say, step
from dev.paths import ADDON, DIST
from dev.python_environment import PYTHON

LEFT_OUT = ("__pycache__", "*.pyc", ".ruff_cache")
ADVICE = "The wheel could not be built: mend what is said, then run the command again."


def main(arguments: list[str]) -> int:
    """Build the wheel into ``dist/`` and say how it is installed."""
    with step("the wheel"):
        wheel = build(DIST)
    say(f"   pip install {wheel.relative_to(DIST.parent)} in Odoo's Python environment, then update the apps list.")
    return 0


def build(folder: Path) -> Path:
    """Build the wheel of the addon into ``folder``, replacing those there, and return it."""
    for old in folder.glob(f"odoo_addon_{ADDON.name}-*.whl"):
        old.unlink()
    with tempfile.TemporaryDirectory() as temporary:
        # Away from the project: nothing but the addon's own files gets in, and nothing is left behind.
        source = shutil.copytree(ADDON, Path(temporary) / ADDON.name, ignore=shutil.ignore_patterns(*LEFT_OUT))
        options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
        run([PYTHON, "-m", "pip", "wheel", *options, "--wheel-dir", folder, source], ADVICE)
    return next(folder.glob(f"odoo_addon_{ADDON.name}-*.whl"))
