"""Chromium for the tours: from the PATH, else by apt when root."""

import os
import shutil

from dev.console import Stop, run, step

# The names under which Odoo's test browser looks on the PATH.
NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
HOW = "The tours need Chromium on the PATH: install it (Debian: apt install chromium fonts-noto-cjk), then run again."


def ensure() -> None:
    """Have a browser that Odoo finds. Raises ``Stop`` with one line saying how to get one."""
    if any(shutil.which(name) for name in NAMES):
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise Stop(HOW)
    with step("Chromium and a Chinese font by apt (about a minute)"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "-q", "update"], HOW, env=environment)
        packages = ["chromium", "fonts-noto-cjk"]
        run(["apt-get", "-q", "install", "-y", "--no-install-recommends", *packages], HOW, env=environment)
    if not any(shutil.which(name) for name in NAMES):
        raise Stop(HOW)
