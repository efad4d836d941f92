"""Secrets and tokens stay out of every text a person or a log can see."""

import logging
import traceback

import pytest
from scripted_wecom import (
    GETTOKEN,
    NO_ANSWER,
    NOT_JSON,
    SECRET,
    TRUNCATED,
    ok,
    refused,
    refused_quoting_the_query,
    reply,
)

from wecom_api import CallKind, WeComClient
from wecom_api.errors import WeComError

PATH = "/cgi-bin/externalcontact/anything"

FAULTS = {
    "dropped": NO_ANSWER,
    "truncated": TRUNCATED,
    "not JSON": NOT_JSON,
    "HTTP 502": reply(b"", status=502),
    "HTTP 301": reply(b"", status=301, headers={"Location": "https://elsewhere.example"}),
    "too slow": reply({"errcode": 0}, delay=1.0),
    "errcode that quotes the secrets": refused_quoting_the_query(40058),
    "uncatalogued errcode that quotes the secrets": refused_quoting_the_query(999999),
    "token refused": refused_quoting_the_query(40014),
}


def everything_said_by(error: BaseException) -> str:
    """All texts of an error and of whatever it drags along, also of a context that tracebacks usually hide."""
    texts = "".join(traceback.format_exception(error)) + str(error) + repr(error) + repr(vars(error))
    for other in (error.__cause__, error.__context__):
        if other is not None:
            texts += everything_said_by(other)
    return texts


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.mark.parametrize("path", [PATH, GETTOKEN])
@pytest.mark.parametrize("kind", [CallKind.READ, CallKind.CREATE])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_no_error_and_no_log_line_holds_a_secret(wecom, client, log, path, kind, fault):
    wecom.script(path, fault)
    with pytest.raises(WeComError) as caught:
        client.call("POST", PATH, kind=kind, params={"userid": "alice"}, body={})
    said = everything_said_by(caught.value) + log.text
    for secret in (SECRET, "tok-1", "tok-2"):
        assert secret not in said
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1", "https://wecom.invalid"])
def test_an_unreachable_server_reveals_nothing(log, base_url):
    client = WeComClient("ww0001", SECRET, base_url=base_url, sleep=lambda _seconds: None)
    with pytest.raises(WeComError) as caught:
        client.check()
    assert SECRET not in everything_said_by(caught.value) + log.text


def test_the_log_says_what_was_called_how_it_ended_and_how_long_it_took(wecom, client, log):
    wecom.script(PATH, ok(name="Li"), refused(40058))
    client.call("POST", PATH, kind=CallKind.READ, body={"text": "private words"})
    with pytest.raises(WeComError):
        client.call("POST", PATH, kind=CallKind.READ, body={"text": "private words"})
    lines = [record.getMessage() for record in log.records if record.name == "wecom_api.client"]
    assert [line.rsplit(",", 1)[0] for line in lines] == [
        f"GET {GETTOKEN}: errcode 0",
        f"POST {PATH}: errcode 0",
        f"POST {PATH}: errcode 40058",
    ]
    assert "private words" not in log.text


def test_the_lines_of_the_http_library_are_redacted_too(wecom, client, log):
    wecom.script(PATH, ok())
    client.call("GET", PATH, kind=CallKind.READ)
    lines = [record.getMessage() for record in log.records if record.name == "urllib3.connectionpool"]
    assert any("corpsecret=***" in line for line in lines)
    assert any("access_token=***" in line for line in lines)


def test_reprs_hold_no_secret(client):
    assert SECRET not in repr(client)
    assert "ww0001" in repr(client)
