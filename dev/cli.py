"""The commands of ``python -m dev``, each in a module that is imported only when it is called."""

import errno
import importlib
import os
import signal
import subprocess
import sys

from dev import python_environment
from dev.console import Stop, explain, fail
from dev.paths import CACHE, DATA, PROJECT

COMMANDS = {
    "demo": "dev.demo:main",
    "test": "dev.checks:main",
    "bench": "dev.bench:main",
    "clean": "dev.clean:main",
    "sandbox": "dev.cli:sandbox",
    "wheel": "dev.wheel:main",
    "pot": "dev.cli:update_translations",
    "new-db": "dev.developer:new_database",
    "drop-db": "dev.developer:drop_database",
    "odoo": "dev.developer:odoo",
    "odoo-shell": "dev.developer:odoo_shell",
    "odoo-test": "dev.developer:odoo_test",
    "psql": "dev.developer:psql",
    "env": "dev.developer:environment",
}
WITHOUT_ENVIRONMENT = ("clean",)


def main(arguments: list[str]) -> int:
    """Run one command; whatever is wrong with the machine is told in one line, with exit code 1."""
    end_in_order()
    spare_proxy()
    try:
        if not arguments or arguments[0] not in COMMANDS:
            raise Stop(f"Say what to do: python -m dev {{{','.join(COMMANDS)}}}")
        return dispatch(arguments)
    except Stop as stop:
        return fail(str(stop))
    except KeyboardInterrupt:
        return fail("Interrupted.")
    except OSError as error:
        return fail(explain_system_error(error))
    except Exception as error:
        if type(error).__module__.startswith("psycopg2"):
            return fail(explain(str(error), "PostgreSQL refused: mend that, then run the command again."))
        raise


def end_in_order() -> None:
    """Let a terminated run end like an interrupted one, with its children: also when its terminal is closed.

    A run under nohup outlives its terminal. Interrupts count even where a shell started the run with them ignored.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)


def spare_proxy() -> None:
    """Never ask a proxy of the environment for this machine, where the servers of a run are."""
    spared = (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(",")
    spared += [host for host in ("127.0.0.1", "localhost") if host not in spared]
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(filter(None, spared))


def dispatch(arguments: list[str]) -> int:
    """Enter the virtual environment, then call the command's function with the other arguments."""
    if arguments[0] not in WITHOUT_ENVIRONMENT:
        check_folders()
        python_environment.ensure()
        python_environment.enter(arguments)
    module, function = COMMANDS[arguments[0]].split(":")
    return getattr(importlib.import_module(module), function)(arguments[1:])


def check_folders() -> None:
    """Raise ``Stop`` when a folder that every command writes to is closed to this user."""
    for folder in (PROJECT, DATA, CACHE):
        if folder.exists() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise Stop(
                f"{folder} is closed to this user: give it back to him (chown -R), or remove it, then run again."
            )


def explain_system_error(error: OSError) -> str:
    """One line for what the operating system refused."""
    where = error.filename or PROJECT
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full: free about 4 GB and run the command again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{where} cannot be read or written by this user: change its owner or rights, then run again."
    return f"The system refused: {error.strerror or error} ({where}). Mend that, then run the command again."


def sandbox(arguments: list[str]) -> int:
    """Run the local WeCom alone; the arguments are its own."""
    return subprocess.call([str(python_environment.PYTHON), "-m", "wecom_sandbox", *arguments], cwd=PROJECT)


def update_translations(arguments: list[str]) -> int:
    """Write the translation template anew and let zh_CN follow."""
    return importlib.import_module("dev.translations").update()
