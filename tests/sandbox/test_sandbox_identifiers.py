"""Conversions between the ids of one person (wecom-api.md § 3.3, 3.4, 3.6, 4.6)."""

import pytest

AGENT = {"source_agentid": 100001}


def test_members_of_a_providers_app(sandbox, alice, bob):
    ids = [sandbox.control(f"identifiers?userid={userid}")["open_userid"] for userid in (alice, bob)]
    assert len({*ids, alice, bob}) == 4
    answer = sandbox.post("batch/openuserid_to_userid", {"open_userid_list": [*ids, "wo_none"], **AGENT})
    assert answer["userid_list"] == [
        {"open_userid": one, "userid": userid} for one, userid in zip(ids, (alice, bob), strict=True)
    ]
    assert answer["invalid_open_userid_list"] == ["wo_none"]
    sandbox.control("settings", visible_userids=["bob"])
    answer = sandbox.post("batch/openuserid_to_userid", {"open_userid_list": ids, **AGENT})
    assert answer["invalid_open_userid_list"] == ids[:1]


@pytest.mark.parametrize(
    ("ids", "agent", "code"), [(1, AGENT, 0), (1000, AGENT, 0), (1001, AGENT, 40058), (0, AGENT, 40063), (1, {}, 41011)]
)
def test_limits_of_open_userids(sandbox, ids, agent, code):
    assert sandbox.post("batch/openuserid_to_userid", {"open_userid_list": ["wo"] * ids, **agent})["errcode"] == code


def test_a_customer_of_a_providers_app(sandbox, alice):
    customer = sandbox.add_customer("alice")
    theirs = sandbox.control(f"identifiers?external_userid={customer}")["service_external_userid"]
    assert theirs != customer and theirs.startswith("wm")
    answer = sandbox.contacts("from_service_external_userid", external_userid=theirs, **AGENT)
    assert answer["external_userid"] == customer
    assert sandbox.contacts("from_service_external_userid", external_userid=customer, **AGENT)["errcode"] == 40096
    assert sandbox.contacts("from_service_external_userid", external_userid=theirs)["errcode"] == 41011
    assert sandbox.contacts("from_service_external_userid", **AGENT)["errcode"] == 41035


def test_the_openid_of_a_wechat_user(sandbox, alice):
    customer, colleague = sandbox.add_customer("alice"), sandbox.add_customer("alice", type=2)
    openid = sandbox.contacts("convert_to_openid", external_userid=customer)["openid"]
    assert openid == sandbox.control(f"identifiers?external_userid={customer}")["openid"]
    assert sandbox.control(f"identifiers?external_userid={colleague}")["openid"] is None
    assert sandbox.contacts("convert_to_openid", external_userid=colleague)["errcode"] == 41056
    assert sandbox.contacts("convert_to_openid", external_userid="wm_none")["errcode"] == 40096
    sandbox.act("members/alice/delete_customer", external_userid=customer)
    assert sandbox.contacts("convert_to_openid", external_userid=customer)["errcode"] == 84061


def test_a_member_by_mobile_and_by_address(sandbox):
    sandbox.control("members", userid="carol", name="Carol", mobile="13800000001", email="carol@e.example")
    assert sandbox.post("user/getuserid", {"mobile": "13800000001"})["userid"] == "carol"
    assert sandbox.post("user/get_userid_by_email", {"email": "Carol@e.example"})["userid"] == "carol"
    assert sandbox.post("user/get_userid_by_email", {"email": "x@e.example", "email_type": 2})["errcode"] == 46004
    assert sandbox.post("user/get_userid_by_email", {"email": "x@e.example", "email_type": 3})["errcode"] == 40058
    assert sandbox.post("user/get_userid_by_email", {})["errcode"] == 40063
    for mobile, code in (("1234", 40058), ("12345", 46004), ("1" * 33, 40058)):
        assert sandbox.post("user/getuserid", {"mobile": mobile})["errcode"] == code


def test_wrong_mobiles_are_rationed(sandbox):
    for number in range(10):
        sandbox.control("members", userid=f"m{number}", name="M", mobile=f"1380000000{number}")
    wrong = [sandbox.post("user/getuserid", {"mobile": "00000"})["errcode"] for _each in range(4)]
    assert wrong == [46004, 46004, 46004, 45009], "a fifth of ten, and the one that passes it"
    assert sandbox.post("user/getuserid", {"mobile": "13800000001"})["errcode"] == 45009
    sandbox.control("clock", advance=86400)
    sandbox.sign_in()
    assert sandbox.post("user/getuserid", {"mobile": "13800000001"})["userid"] == "m1"


@pytest.mark.parametrize(
    "path",
    [
        "user/list_id",
        "externalcontact/unionid_to_external_userid",
        "idconvert/unionid_to_external_userid",
        "externalcontact/get_new_external_userid",
        "externalcontact/groupchat/get_new_external_userid",
    ],
)
def test_what_a_self_built_app_may_not_convert(sandbox, path):
    assert sandbox.post(path, {})["errcode"] == 48002


def test_unknown_people_have_no_identifiers(sandbox):
    for query in ("userid=ghost", "external_userid=wm_none", ""):
        assert sandbox.http.get(f"{sandbox.url}/sandbox/identifiers?{query}").status_code == 404
