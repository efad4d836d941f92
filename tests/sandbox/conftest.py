import pytest
from caller import Caller
from receiver import Receiver

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


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def corp(receiver):
    """A sandbox with Alice and Bob that posts its events to ``receiver``."""
    with SandboxServer("empty", callback_url=receiver.url) as server:
        caller = Caller(server)
        caller.add_member("alice")
        caller.add_member("bob")
        yield caller
