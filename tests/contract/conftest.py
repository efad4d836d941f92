import pytest
from sandbox_control import SandboxControl

from wecom_api import WeComClient
from wecom_sandbox.server import SandboxServer


@pytest.fixture
def sandbox():
    """An empty sandbox of its own for each test, over real HTTP."""
    with SandboxServer(scenario="empty", seed=1) as server:
        yield server


@pytest.fixture
def control(sandbox):
    return SandboxControl(sandbox.url)


@pytest.fixture
def make_client(sandbox, control):
    """Build clients of the sandbox's corp; arguments override the right ones."""
    clients = []
    credentials = control.get("credentials")

    def make(**changes):
        arguments = {
            "corpid": credentials["corp_id"],
            "secret": credentials["secret"],
            "base_url": sandbox.url,
            "sleep": lambda _seconds: None,
            "timeout": (2, 5),
            **changes,
        }
        clients.append(WeComClient(**arguments))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make_client):
    return make_client()
