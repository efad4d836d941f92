"""``make demo``: the sandbox, Odoo on a fresh demo database, and the main job between them."""

import argparse
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dev import addon, database, main_job, odoo_run, odoo_source, ports, postgres, rpc
from dev.console import Stop, explain, say, step
from dev.paths import DATA, PROJECT, try_alone

DATABASE = "wecom_demo"
# The first one is the administrator's: the language of the terminal.
LANGUAGES = "zh_CN,en_US" if os.environ.get("LANG", "").startswith("zh") else "en_US,zh_CN"
START_SECONDS = 120


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of ``make demo ARGS=...``."""
    parser = argparse.ArgumentParser(prog="make demo", allow_abbrev=False)
    parser.add_argument("--once", action="store_true", help="end after the report; exit code 0 only if it is right")
    parser.add_argument("--port", type=int, default=8069, help="Odoo's port")
    parser.add_argument("--sandbox-port", type=int, default=8070, help="the sandbox's port")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run the demo to its report, then stay up until Ctrl-C."""
    options = parse(arguments)
    ports.require(options.port, "--port")
    ports.require(options.sandbox_port, "--sandbox-port")
    if options.port == options.sandbox_port:
        raise Stop("Odoo and the sandbox need two different ports: change --port or --sandbox-port.")
    odoo = odoo_source.find()
    with postgres.in_use(), only_one(), ExitStack() as servers:
        sandbox_url = servers.enter_context(sandbox(options.sandbox_port))
        prepare_database(odoo, sandbox_url)
        with step("Odoo starts"):
            odoo_url = servers.enter_context(serve(odoo, DATABASE, options.port, crons=2))
        report = do_main_job(odoo_url, sandbox_url)
        if not options.once:
            stay(odoo_url, sandbox_url)
        return 0 if report.right else 1


@contextmanager
def only_one():
    """Hold the demo's database; raises ``Stop`` while another demo of this project has it."""
    with open(DATA / "demo.lock", "w") as handle:
        if not try_alone(handle):
            raise Stop("Another demo of this project is running: end it with Ctrl-C first.")
        yield


def prepare_database(odoo: odoo_source.Odoo, sandbox_url: str) -> None:
    """Make the demo database anew from a template that holds the addon, Chinese, and the shop's old customers."""

    def import_customers(name: str) -> None:
        with serve(odoo, name, ports.free(), crons=0) as url:
            main_job.import_customers(rpc.Odoo(url, name).call, sandbox_url)

    base = database.with_dependencies(odoo, LANGUAGES)
    key = addon.fingerprint(PROJECT / "wecom_sandbox") + Path(main_job.__file__).read_text(encoding="utf-8")
    options = (f"--load-language={LANGUAGES}",)
    recipe = database.Recipe("demo", [addon.NAME], base, key, options, fill=import_customers)
    database.copy(database.template(odoo, recipe), DATABASE)


@contextmanager
def child(name: str, command: list[str], ready_url: str, **options):
    """Run a server beside this program until the block ends; raises ``Stop`` when it does not come up."""
    log = DATA / f"demo-{name}.log"
    with open(log, "w") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            # Ctrl-C reaches this program alone, which then ends its children in order.
            start_new_session=True,
            **options,
        )
    try:
        await_answer(process, ready_url, name, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_answer(process: subprocess.Popen, url: str, name: str, log) -> None:
    """Wait until ``url`` answers; raise ``Stop`` with the server's last words when it ends or stays silent."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            words = explain(log.read_text(errors="replace"), f"{name} ended: see {log.relative_to(PROJECT)}.")
            raise Stop(words)
        try:
            urllib.request.urlopen(url, timeout=10).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise Stop(f"{name} did not answer within {START_SECONDS} s: see {log.relative_to(PROJECT)}.")


@contextmanager
def sandbox(port: int):
    """The local WeCom with the cosmetics shop; yields its URL."""
    url = f"http://127.0.0.1:{port}"
    command = [str(odoo_run.PYTHON), "-m", "wecom_sandbox", f"--port={port}", "--scenario=cosmetics"]
    with child("sandbox", command, f"{url}/sandbox/state"):
        yield url


@contextmanager
def serve(odoo: odoo_source.Odoo, name: str, port: int, crons: int):
    """Odoo on database ``name`` with that many threads for scheduled actions; yields its URL."""
    url = f"http://127.0.0.1:{port}"
    command = odoo_run.command(odoo, name, f"--http-port={port}", f"--max-cron-threads={crons}")
    with child("odoo", command, f"{url}/web/health", env=odoo_run.environment(odoo)):
        yield url


def do_main_job(odoo_url: str, sandbox_url: str) -> main_job.Report:
    """Run the main job over Odoo's own RPC door and print its report."""
    try:
        odoo = rpc.Odoo(odoo_url, DATABASE).call
        # The database was made behind another port; callbacks are to come to this one.
        odoo("ir.config_parameter", "set_param", "web.base.url", odoo_url)
        report = main_job.run(odoo, sandbox_url, lambda words: say(f"-> {words} ..."))
    except (main_job.JobFailed, rpc.RemoteError) as error:
        raise Stop(f"The main job stopped: {error}") from error
    say("\n".join(["", *report.lines, *(f"WRONG: {problem}" for problem in report.problems)]))
    return report


def stay(odoo_url: str, sandbox_url: str) -> None:
    """Keep both servers up until Ctrl-C, or until the terminal is closed."""
    say(f"\nOdoo:    {odoo_url}  (login admin, password admin)\nSandbox: {sandbox_url}\nCtrl-C ends both.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        say("\nEnding ...")
