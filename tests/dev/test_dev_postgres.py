"""The shared server: who ends last stops it, and a failure inside is never swallowed."""

import fcntl

import pytest

from dev import postgres
from dev.console import Stop


@pytest.fixture
def server(tmp_path, monkeypatch):
    """No server at all: what would be done to it, in order."""
    done = []
    monkeypatch.setattr(postgres, "DATA", tmp_path)
    monkeypatch.setattr(postgres, "USERS_LOCK", tmp_path / "users.lock")
    monkeypatch.setattr(postgres, "ensure", lambda: done.append("ensure"))
    monkeypatch.setattr(postgres, "stop", lambda: done.append("stop"))
    monkeypatch.setattr(postgres, "is_external", lambda: False)
    monkeypatch.setattr(postgres, "other_connections", lambda: 0)
    return done


@pytest.mark.parametrize("error", [Stop("no disk"), KeyboardInterrupt(), SystemExit(143)])
def test_a_failure_gets_out_although_another_run_is_active(server, error):
    with open(postgres.USERS_LOCK, "w") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        with pytest.raises(type(error)), postgres.in_use():
            raise error
    assert server == ["ensure"]


def test_the_last_run_stops_the_server(server):
    with postgres.in_use():
        pass
    assert server == ["ensure", "stop"]


def test_clean_refuses_while_a_run_is_active(server):
    with postgres.in_use(), pytest.raises(Stop, match="is running"):
        postgres.refuse_while_in_use()
    postgres.refuse_while_in_use()


@pytest.mark.parametrize(
    ("state", "lost"), [("shut down", False), ("in production", False), ("shutting down", True), ("", False)]
)
def test_a_cluster_whose_last_stop_failed_is_not_trusted(tmp_path, monkeypatch, state, lost):
    program = tmp_path / "pg_controldata"
    program.write_text(f'#!/bin/sh\necho "pg_control version number: 1800"\necho "Database cluster state:   {state}"\n')
    program.chmod(0o755)
    monkeypatch.setattr(postgres, "programs", lambda: tmp_path)
    monkeypatch.setattr(postgres, "as_server_user", lambda: [])
    assert postgres.lost_its_end() is lost
