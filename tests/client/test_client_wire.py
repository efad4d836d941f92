"""What goes over the wire, and which answers are refused."""

import gzip
import json

import pytest
from scripted_wecom import NO_ANSWER, ok, reply

from wecom_api import CallKind, WeComClient
from wecom_api.errors import ConfigurationError, OutcomeUnknown, PayloadInvalid, ResponseInvalid
from wecom_api.transport import FilePart

PATH = "/cgi-bin/externalcontact/anything"


@pytest.mark.parametrize(
    "base_url",
    [
        "http://qyapi.weixin.qq.com",
        "http://10.0.0.5",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "qyapi.weixin.qq.com",
        "https://user:password@qyapi.weixin.qq.com",
        "https://qyapi.weixin.qq.com?x=1",
        "",
    ],
)
def test_an_address_that_would_leak_secrets_or_cannot_work_is_refused(base_url):
    with pytest.raises(ValueError, match="The WeCom address must") as caught:
        WeComClient("ww0001", "secret", base_url=base_url)
    assert "password" not in str(caught.value)


@pytest.mark.parametrize(
    "base_url", ["https://qyapi.weixin.qq.com/", "http://127.0.0.1:8070", "http://localhost:8070", "http://[::1]:8070"]
)
def test_https_anywhere_and_http_on_this_machine_are_accepted(base_url):
    assert WeComClient("ww0001", "secret", base_url=base_url).base_url == base_url.rstrip("/")


def test_bodies_are_raw_utf8_json_and_the_token_is_in_the_query(wecom, client):
    wecom.script(PATH, ok())
    client.call("POST", PATH, kind=CallKind.READ, params={"a": "1"}, body={"text": "新茶到了 🍵"})
    (request,) = wecom.calls(PATH)
    assert request.data == '{"text": "新茶到了 🍵"}'.encode()
    assert request.headers["content-type"] == "application/json"
    assert request.query == {"a": "1", "access_token": "tok-1"}
    assert "authorization" not in request.headers


def test_half_a_surrogate_pair_is_refused_before_any_call(wecom, client):
    with pytest.raises(PayloadInvalid):
        client.call("POST", PATH, kind=CallKind.CREATE, body={"text": "\ud83c"})
    assert wecom.requests == []


def test_a_success_may_leave_errcode_out(wecom, client):
    wecom.script(PATH, reply({"userlist": []}))
    assert client.call("GET", PATH, kind=CallKind.READ) == {"userlist": []}


def test_compressed_answers_are_understood(wecom, client):
    packed = gzip.compress(json.dumps({"errcode": 0, "name": "李"}).encode())
    wecom.script(PATH, reply(packed, headers={"Content-Encoding": "gzip"}))
    assert client.call("GET", PATH, kind=CallKind.READ)["name"] == "李"


@pytest.mark.parametrize("announced", [True, False])
def test_an_answer_over_the_size_limit_is_refused(wecom, pauses, announced):
    limit = 200_000
    client = WeComClient("ww0001", "secret", base_url=wecom.url, sleep=pauses.append, max_response_bytes=limit)
    frame = len(json.dumps({"x": ""}))
    for size, accepted in ((limit, True), (limit + 1, False)):
        body = json.dumps({"x": "y" * (size - frame)}).encode()
        assert len(body) == size
        headers = {} if announced else {"Content-Encoding": "gzip"}
        wecom.script(PATH, reply(body if announced else gzip.compress(body), headers=headers))
        if accepted:
            assert client.call("GET", PATH, kind=CallKind.READ)["x"]
        else:
            with pytest.raises(ResponseInvalid, match="larger than"):
                client.call("GET", PATH, kind=CallKind.READ)
            with pytest.raises(OutcomeUnknown, match="larger than"):
                client.call("POST", PATH, kind=CallKind.CREATE)
    assert pauses == []


def test_check_proves_token_and_permission_and_names_the_address_to_trust(wecom, client):
    follow_users = "/cgi-bin/externalcontact/get_follow_user_list"
    wecom.script(follow_users, ok(follow_user=["alice"]))
    client.check()
    errmsg = "not allow to access from your ip, hint: [1671528709248532493698403], from ip: 203.0.113.7, more info at x"
    wecom.script(follow_users, reply({"errcode": 60020, "errmsg": errmsg}))
    with pytest.raises(ConfigurationError) as caught:
        client.check()
    assert caught.value.caller_ip == "203.0.113.7"
    assert caught.value.hint == "1671528709248532493698403"


def test_check_does_not_trust_a_token_kept_from_before(wecom, client):
    """The administrator may just have typed another secret: an old token proves nothing about it."""
    wecom.script("/cgi-bin/externalcontact/get_follow_user_list", ok(follow_user=[]))
    client.check()
    wecom.script("/cgi-bin/gettoken", reply({"errcode": 40001, "errmsg": "invalid credential"}))
    with pytest.raises(ConfigurationError) as caught:
        client.check()
    assert caught.value.errcode == 40001


@pytest.mark.parametrize(
    ("filename", "sent"),
    [
        ("tea.jpg", b'filename="tea.jpg"'),
        ("新茶.jpg", 'filename="新茶.jpg"'.encode()),
        ('a"b\r\nX-Evil: 1.jpg', b'filename="a_b__X-Evil: 1.jpg"'),
        ("../../etc/passwd", b'filename=".._.._etc_passwd"'),
    ],
)
def test_file_names_go_out_as_raw_utf8_and_cannot_break_the_header(wecom, client, filename, sent):
    wecom.script(PATH, ok())
    content = b"--boundary-like\r\n\x00\xff"
    client.call("POST", PATH, kind=CallKind.UPLOAD, files=FilePart("media", filename, content, "image/jpeg"))
    (request,) = wecom.calls(PATH)
    head, _blank, rest = request.data.partition(b"\r\n\r\n")
    assert b'Content-Disposition: form-data; name="media"; ' + sent + b"\r\nContent-Type: image/jpeg" in head
    assert b"filename*" not in head
    boundary = request.headers["content-type"].partition("boundary=")[2].encode()
    assert rest == content + b"\r\n--" + boundary + b"--\r\n"


def test_a_content_type_cannot_add_headers(wecom, client):
    wecom.script(PATH, ok())
    part = FilePart("media", "a.jpg", b"123456", "image/jpeg\r\nX-Evil: 1")
    client.call("POST", PATH, kind=CallKind.UPLOAD, files=part)
    assert b"\r\nX-Evil" not in wecom.calls(PATH)[0].data


def test_an_upload_is_repeated_whole(wecom, client):
    wecom.script(PATH, NO_ANSWER, ok(media_id="m"))
    client.call("POST", PATH, kind=CallKind.UPLOAD, files=FilePart("media", "a.jpg", b"123456", "image/jpeg"))
    first, second = wecom.calls(PATH)
    assert first.data == second.data


def test_idle_connections_closed_by_the_server_do_not_disturb_reads(wecom, client):
    wecom.script(PATH, ok())
    client.call("GET", PATH, kind=CallKind.READ)
    wecom.close_idle_connections()
    client.call("GET", PATH, kind=CallKind.READ)
