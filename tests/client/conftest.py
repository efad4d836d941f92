import pytest
from scripted_wecom import SECRET, ScriptedWeCom

from wecom_api import WeComClient


@pytest.fixture
def wecom():
    server = ScriptedWeCom()
    yield server
    server.close()


@pytest.fixture
def pauses():
    """The seconds the client has slept so far."""
    return []


@pytest.fixture
def client(wecom, pauses):
    client = WeComClient("ww0001", SECRET, base_url=wecom.url, sleep=pauses.append, timeout=(2, 0.5))
    yield client
    client.close()
