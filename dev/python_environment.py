"""The virtual environment in ``.venv``, holding exactly what ``requirements.lock`` names."""

import hashlib
import itertools
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from dev.console import Stop, run, step
from dev.paths import CACHE, DATA, LOCK_FILE, PROJECT, VENV, exclusive

PYTHON = VENV / "bin" / "python"
ADVICE = "The Python packages could not be installed: check the network and the package index, then run again."
FROM_LOCK = ["--require-hashes", "-r"]
STAMP = VENV / "installed-lock.sha256"


def wanted_stamp() -> str:
    """What the stamp of a complete environment says."""
    return hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()


def is_complete() -> bool:
    """Whether the environment was installed to its end, from the lock file as it is now."""
    return STAMP.is_file() and STAMP.read_text() == wanted_stamp() and PYTHON.exists()


def ensure() -> None:
    """Make or complete the environment; the stamp is written last, so half an environment is never used."""
    if is_complete():
        return
    with exclusive(DATA, "bootstrap"):
        if is_complete():
            return
        with step("Python packages into .venv (1 to 2 minutes)"):
            if not STAMP.is_file() or not PYTHON.exists():
                create()
            # Gone while packages change: an environment between two lock files is not complete.
            STAMP.unlink(missing_ok=True)
            install()
            STAMP.write_text(wanted_stamp())


def create() -> None:
    """Make an empty environment in place of whatever half one stands there."""
    shutil.rmtree(VENV, ignore_errors=True)
    advice = "Python cannot make a virtual environment: install its venv package (Debian: apt install python3-venv)."
    run([sys.executable, "-m", "venv", VENV], advice)


def install() -> None:
    """Install the lock file with ``uv`` in seconds; where that fails (uv ignores pip's settings), with pip."""
    with suppress(Stop):
        uv = shutil.which("uv") or own_uv()
        command = [uv, "pip", "install", "--quiet", "--python", PYTHON, *FROM_LOCK, LOCK_FILE]
        # In a folder of our own, which make clean removes.
        run(command, ADVICE, cwd=PROJECT, env={"UV_CACHE_DIR": str(CACHE / "uv"), **os.environ})
        return
    pip_install(LOCK_FILE)


def own_uv() -> Path:
    """Install the ``uv`` that the lock file names, alone, and return it."""
    lines = LOCK_FILE.read_text().splitlines(keepends=True)
    first = next(index for index, line in enumerate(lines) if line.startswith("uv=="))
    rest = itertools.takewhile(lambda line: line.startswith(" "), lines[first + 1 :])
    with tempfile.NamedTemporaryFile("w", suffix=".txt", dir=DATA) as requirement:
        requirement.writelines([lines[first], *rest])
        requirement.flush()
        pip_install(Path(requirement.name))
    return VENV / "bin" / "uv"


def pip_install(requirements: Path) -> None:
    """Install a file of pinned requirements with the environment's own pip."""
    options = ["--quiet", "--no-input", "--disable-pip-version-check"]
    run([PYTHON, "-m", "pip", "install", *options, *FROM_LOCK, requirements], ADVICE, cwd=PROJECT)


def enter(arguments: list[str]) -> None:
    """Continue this program inside the environment; does not return unless it already runs there."""
    if sys.prefix == str(VENV):
        return
    os.environ["PYTHONPATH"] = str(PROJECT)
    os.execv(PYTHON, [str(PYTHON), "-m", "dev", *arguments])
