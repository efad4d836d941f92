import re

import pytest
import requests

HINT = (
    r", hint: \[\d{24,25}\], from ip: 127\.0\.0\.1, more info at https://open\.work\.weixin\.qq\.com/devtool/query\?e="
)


def test_an_error_looks_like_the_live_service(sandbox, alice):
    answer = sandbox.get("externalcontact/list", userid="alice")
    assert answer["errcode"] == 84061
    assert re.fullmatch(rf"not external contact{HINT}84061", answer["errmsg"])


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("externalcontact/list", {"external_userid": []}),
        ("externalcontact/get", {"external_contact": {}, "follow_user": []}),
        ("externalcontact/get_follow_user_list", {"follow_user": []}),
        ("externalcontact/add_msg_template", {"fail_list": []}),
        ("externalcontact/batch/get_by_user", {"external_contact_list": []}),
        ("externalcontact/get_groupmsg_task", {"task_list": []}),
        ("department/list", {"department": []}),
        ("getcallbackip", {"ip_list": []}),
    ],
)
def test_error_bodies_keep_the_members_of_their_endpoint(sandbox, path, kept):
    answer = sandbox.http.get(f"{sandbox.url}/cgi-bin/{path}").json()
    assert answer["errcode"] == 41001
    assert {name: answer[name] for name in kept} == kept


def test_errors_are_status_200_and_repeated_in_headers(sandbox):
    answer = sandbox.http.get(f"{sandbox.url}/cgi-bin/user/get")
    assert answer.status_code == 200
    assert answer.headers["Error-Code"] == "41001"
    assert answer.headers["Error-Msg"] == answer.json()["errmsg"]


def test_an_unknown_path_is_an_empty_404(sandbox):
    answer = sandbox.http.post(f"{sandbox.url}/cgi-bin/externalcontact/no_such_thing", json={})
    assert (answer.status_code, answer.content) == (404, b"")


def test_checks_come_in_the_documented_order(sandbox, alice):
    path = f"{sandbox.url}/cgi-bin/externalcontact/add_msg_template"

    def errcode(token):
        query = {"access_token": token} if token else {}
        return sandbox.http.post(path, params=query, data=b"{nonsense").json()["errcode"]

    token = sandbox.token
    sandbox.control("settings", trusted_ips=["203.0.113.0/24"], app_allowed=False)
    assert errcode(None) == 41001
    assert errcode("nonsense") == 40014
    assert errcode(token) == 60020
    sandbox.control("settings", trusted_ips=["127.0.0.0/8"])
    assert errcode(token) == 48002
    sandbox.control("settings", app_allowed=True)
    assert errcode(token) == 40058
    answer = sandbox.contacts("add_msg_template", chat_type="single", text={"content": "x"})
    assert answer["errcode"] == 41035
    sandbox.control("clock", advance=7200)
    assert errcode(token) == 42001


def test_the_permission_is_about_customer_contact_only(sandbox, alice):
    sandbox.control("settings", app_allowed=False)
    assert sandbox.get("user/get", userid="alice")["errcode"] == 0
    assert sandbox.get("externalcontact/get_follow_user_list")["errcode"] == 48002


def test_a_token_outside_the_query_counts_as_missing(sandbox):
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    answer = sandbox.http.get(f"{sandbox.url}/cgi-bin/externalcontact/get_follow_user_list", headers=headers)
    assert answer.json()["errcode"] == 41001


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b'"text"', b"\xff\xfe", b"[" * 5000, b'{"userid": 5}'])
def test_malformed_json_says_so(sandbox, alice, body):
    answer = sandbox.post("externalcontact/remark", body)
    assert answer["errcode"] == 40058
    assert "Warning: wrong json format." in answer["errmsg"]


@pytest.mark.parametrize(("body", "errcode"), [(rb'{"msgid": "\u674e"}', 40033), (rb'{"msgid": "a\\u674e"}', 41047)])
def test_escaped_characters_are_refused_but_not_an_escaped_backslash(sandbox, body, errcode):
    assert sandbox.post("externalcontact/get_groupmsg_task", body)["errcode"] == errcode


def test_the_method_matters(sandbox, alice):
    assert sandbox.get("externalcontact/batch/get_by_user")["errcode"] == 40058
    assert sandbox.post("externalcontact/get_follow_user_list")["errcode"] == 40058


def test_one_connection_serves_many_calls(sandbox):
    ports = set()
    for _ in range(3):
        with sandbox.http.get(f"{sandbox.url}/sandbox/clock", stream=True) as answer:
            ports.add(answer.raw.connection.sock.getsockname())
            assert answer.json()["now"]
    assert len(ports) == 1


def test_a_stopped_sandbox_answers_no_open_connection(sandbox):
    assert sandbox.control("clock")
    sandbox.server.stop()
    with pytest.raises(requests.ConnectionError):
        sandbox.control("clock")
