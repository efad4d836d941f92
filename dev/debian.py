"""Debian packages unpacked into a folder, through a private apt root: the machine's package state stays as it is."""

import shutil
import subprocess
from pathlib import Path

from dev.console import run

ADVICE = "Debian's packages could not be fetched: check the network and apt's sources, then run again."


def archives(folder: Path) -> list[dict]:
    """The Debian archives the machine is set up for, as address and suite; empty where there is none or no apt.

    A machine that has never run ``apt-get update`` knows no origins yet: then they are learnt in ``folder``.
    """
    if not all(shutil.which(tool) for tool in ("apt-get", "dpkg-deb")):
        return []
    known = debian_targets([])
    if not known:
        (folder / "partial").mkdir(parents=True)
        private = ["-o", f"Dir::State::Lists={folder}", "-o", "APT::Sandbox::User="]
        # One broken third-party archive must not hide Debian's: what could be read is what counts.
        subprocess.run(["apt-get", "-q", *private, "update"], stdin=subprocess.DEVNULL, capture_output=True)
        known = debian_targets(private)
    return known


def debian_targets(options: list[str]) -> list[dict]:
    """The main components of Debian's own archive, as apt's indexes name them."""
    form = "$(REPO_URI)|$(CODENAME)|$(LABEL)|$(COMPONENT)"
    command = ["apt-get", *options, "indextargets", "--format", form, "Created-By: Packages"]
    listing = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    rows = [line.split("|") for line in listing.splitlines()]
    return [{"address": row[0], "suite": row[1]} for row in rows if row[2:] == ["Debian", "main"]]


class PrivateApt:
    """An apt root of its own in ``folder`` that knows one suite of the machine's archive."""

    def __init__(self, folder: Path, address: str, suite: str):
        self.folder = folder
        for name in ("lists/partial", "cache/archives/partial", "packages"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        signed = f"[signed-by={keyring}] " if Path(keyring).exists() else ""
        (folder / "sources.list").write_text(f"deb {signed}{address} {suite} main\n")
        (folder / "status").write_text("")
        run(self.command("update"), ADVICE)

    def command(self, *words: str) -> list[str]:
        """An apt-get command line that touches nothing outside ``folder``."""
        settings = {
            "Dir::State::Lists": self.folder / "lists",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            # An index that could not be fetched is an error here, not a warning.
            "APT::Update::Error-Mode": "any",
        }
        options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
        return ["apt-get", "-q", *options, *words]

    def unpack(self, packages: list[str], target: Path) -> None:
        """Download ``packages`` and unpack their files below ``target``; nothing of them is run."""
        downloads = self.folder / "packages"
        run(self.command("download", *packages), ADVICE, cwd=downloads)
        for archive in sorted(downloads.glob("*.deb")):
            run(["dpkg-deb", "-x", archive, target], ADVICE)
            archive.unlink()
