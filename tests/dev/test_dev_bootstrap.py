"""The decisions of the bootstrap when the machine is not as it should be: one line, exit 1, nothing half made."""

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dev import cli, console, odoo_source, paths, ports, postgres, walls

PROJECT = paths.PROJECT


def make_odoo(folder: Path, version: str) -> Path:
    package = folder / "odoo"
    (package / "addons" / "base").mkdir(parents=True)
    (package / "addons" / "base" / "__manifest__.py").write_text("{}")
    (package / "release.py").write_text(f"version_info = ({version.replace('.', ', ')}, 0, 'final', 0, '')\n")
    return folder


def dev(*arguments, python=sys.executable, **variables):
    environment = {**os.environ, **variables}
    command = [python, "-m", "dev", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60)


def assert_one_line(result):
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.stderr + result.stdout


def test_a_busy_port_names_the_option_that_chooses_another():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = dev("demo", "--once", "--port", str(port))
        assert_one_line(result)
        assert f"Port {port} is busy" in result.stderr
        assert "--port" in result.stderr
        assert not ports.is_free(port)


def test_a_wrong_python_is_told_which_ones_work():
    wrong = "import sys; sys.version_info = (3, 9, 1); import runpy; runpy.run_module('dev', run_name='__main__')"
    result = subprocess.run([sys.executable, "-c", wrong], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert_one_line(result)
    assert "3.10 to 3.13" in result.stderr


def test_an_unknown_command_or_part_is_one_line():
    assert_one_line(dev("dance"))
    result = dev("test", "everything")
    assert_one_line(result)
    assert "lint" in result.stderr


def test_odoo_home_without_odoo_19_says_so(tmp_path):
    old = make_odoo(tmp_path / "old", "18.0")
    for home in (tmp_path / "nowhere", old):
        result = dev("odoo", "--db", "any", ODOO_HOME=str(home))
        assert_one_line(result)
        assert "ODOO_HOME" in result.stderr


def test_odoo_is_found_in_a_checkout_and_in_an_unpacked_package(tmp_path):
    checkout = make_odoo(tmp_path / "with space", "19.0")
    unpacked = tmp_path / "package"
    make_odoo(unpacked / "usr/lib/python3/dist-packages", "19.0")
    assert odoo_source.inspect(checkout).root == checkout
    assert odoo_source.inspect(unpacked).version == "19.0"


def test_odoo_home_goes_before_the_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(odoo_source, "CACHE", tmp_path / "cache")
    make_odoo(tmp_path / "cache" / "odoo-clone", "19.0")
    home = make_odoo(tmp_path / "home", "19.0")
    monkeypatch.setenv("ODOO_HOME", str(home))
    assert odoo_source.find().root == home
    monkeypatch.delenv("ODOO_HOME")
    assert odoo_source.find().root == tmp_path / "cache" / "odoo-clone"


def test_a_failed_download_leaves_nothing_in_the_cache_and_the_next_way_is_tried(tmp_path, monkeypatch):
    def broken(folder):
        make_odoo(folder / "root", "19.0")
        raise console.Stop("the line was cut")

    monkeypatch.setattr(odoo_source, "CACHE", tmp_path)
    monkeypatch.setattr(odoo_source, "from_debian", broken)
    monkeypatch.setattr(odoo_source, "from_clone", broken)
    monkeypatch.delenv("ODOO_HOME", raising=False)
    with pytest.raises(console.Stop, match="the line was cut"):
        odoo_source.find()
    assert [path.name for path in tmp_path.iterdir()] == ["odoo.lock"]
    monkeypatch.setattr(odoo_source, "from_clone", lambda folder: make_odoo(folder / "odoo", "19.0"))
    assert odoo_source.find().root == tmp_path / "odoo-clone"


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("tar: write error: No space left on device", "disk is full"),
        ("W: Temporary failure resolving 'x'", "network cannot be reached"),
        ("error: the package is odd\nhint: none", "Ask. (error: the package is odd)"),
        ("", "Ask. (it said nothing)"),
    ],
)
def test_a_failed_command_becomes_one_line(words, answer):
    line = console.explain(words, "Ask.")
    assert answer in line
    assert "\n" not in line


def test_a_missing_tool_becomes_one_line():
    with pytest.raises(console.Stop, match="no-such-tool is not installed. Install it."):
        console.run(["no-such-tool"], "Install it.")


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "owner or rights")])
def test_what_the_system_refuses_says_what_to_do(number, words):
    line = cli.explain_system_error(OSError(number, "refused", "/some/file"))
    assert words in line


def test_the_socket_moves_to_the_cache_when_the_project_lies_deep(tmp_path, monkeypatch):
    short = tmp_path / "a b"
    monkeypatch.setattr(postgres, "CLUSTER", short)
    monkeypatch.setattr(postgres, "CACHE", Path("/c"))
    assert postgres.socket_folder() == short
    deep = Path("/" + "x" * 120)
    monkeypatch.setattr(postgres, "CLUSTER", deep)
    assert postgres.socket_folder().parent == Path("/c")
    monkeypatch.setattr(postgres, "CACHE", deep)
    with pytest.raises(console.Stop, match="XDG_CACHE_HOME"):
        postgres.socket_folder()


@pytest.mark.parametrize(
    ("folder", "source", "broken"),
    [
        ("wecom_sandbox", "from wecom_api import crypto", True),
        ("wecom_sandbox", "import wecom_customer_reach.wecom_api", True),
        ("wecom_sandbox", "import json, werkzeug\nfrom . import world", False),
        ("wecom_customer_reach/wecom_api", "def late():\n    import odoo.tools", True),
        ("wecom_customer_reach/wecom_api", "import hashlib\nimport requests", False),
    ],
)
def test_the_import_walls_see_every_import(tmp_path, folder, source, broken):
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "module.py").write_text(source)
    assert bool(walls.violations(tmp_path)) is broken


def test_the_import_walls_stand():
    assert walls.violations() == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": "shop.example"}, "shop.example,127.0.0.1,localhost"),
        ({"no_proxy": "localhost,shop.example"}, "localhost,shop.example,127.0.0.1"),
    ],
)
def test_no_proxy_is_asked_for_this_machine_and_what_the_user_spares_stays(monkeypatch, before, after):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, before.get(name, ""))
    for _twice in range(2):
        cli.spare_proxy()
        assert (os.environ["no_proxy"], os.environ["NO_PROXY"]) == (after, after)


def test_a_run_under_nohup_outlives_its_terminal():
    program = "from dev import cli; import os, signal, time; cli.end_in_order(); os.kill(os.getpid(), 1); print('on')"
    # What the caller of the tests ignores would be handed on.
    minding = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); " + program
    plain = subprocess.run([sys.executable, "-c", minding], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert (plain.returncode, plain.stdout) == (143, "")
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); " + program
    nohup = subprocess.run([sys.executable, "-c", ignoring], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert (nohup.returncode, nohup.stdout) == (0, "on\n")
