import pytest
from caller import Caller

from wecom_sandbox.server import SandboxServer


@pytest.fixture
def sandbox():
    with SandboxServer("empty") as server:
        yield Caller(server)


@pytest.fixture
def alice(sandbox):
    return sandbox.add_member("alice")


@pytest.fixture
def bob(sandbox):
    return sandbox.add_member("bob")
