"""Whatever is sent to whichever endpoint, the answer is a WeCom answer, never a server error."""

import json
import random

import pytest

from wecom_sandbox.endpoints import ENDPOINTS

NAMES = [
    *("userid", "external_userid", "userid_list", "cursor", "limit", "remark", "description", "remark_company"),
    *("remark_mobiles", "remark_pic_mediaid", "tag_id", "group_id", "group_name", "order", "tag", "id", "name"),
    *("add_tag", "remove_tag", "chat_type", "chat_id_list", "tag_filter", "sender", "allow_select", "text"),
    *("attachments", "msgid", "start_time", "end_time", "creator", "filter_type", "welcome_code"),
    *("moment_id", "visible_range", "touser", "toparty", "agentid", "msgtype", "textcard"),
]
VALUES = [
    *(None, True, False, 0, -1, 1, 10**30, 1.5, "", "alice", "wm_li", "x" * 5000, "中", "\x00", "single", "group"),
    *([], [None], ["alice"], ["wm_li"], [[]], [{}], [{"name": "t"}], {}, {"content": 5}, {"content": "x"}),
    *({"group_list": 5}, {"group_list": [{"tag_list": [5]}]}, [{"msgtype": "link", "link": {"title": 5}}]),
    *({"sender_list": 5}, {"sender_list": {"user_list": ["alice"], "department_list": [10**30]}}, "textcard", 1000002),
]
QUERY_VALUES = ["", "alice", "wm_li", "-1", "9" * 30, "中", "\x00"]


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)
def test_nonsense(sandbox, alice, endpoint):
    sandbox.add_customer("alice", external_userid="wm_li")
    draw = random.Random(endpoint.path)
    address = f"{sandbox.url}{endpoint.path}"
    for _ in range(60):
        body = {name: draw.choice(VALUES) for name in draw.sample(NAMES, draw.randrange(1, len(NAMES)))}
        query = {
            name: draw.choice(["", "alice", "wm_li", "-1", "9" * 30, "中", "\x00"]) for name in draw.sample(NAMES, 3)
        }
        query.update(access_token=sandbox.token, department_id=draw.choice(["1", "²", "x"]), type="image")
        data = json.dumps(body, ensure_ascii=False).encode().replace(b"\\u0000", b"")
        answer = sandbox.http.request(endpoint.method, address, params=query, data=data)
        assert answer.status_code == 200, (body, query)
        assert isinstance(answer.json()["errcode"], int)
    assert sandbox.control("state")["members"] == 1
