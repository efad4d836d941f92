import threading

import pytest


def gettoken(sandbox, **changes):
    credentials = sandbox.control("credentials")
    query = {"corpid": credentials["corp_id"], "corpsecret": credentials["secret"], **changes}
    query = {name: value for name, value in query.items() if value is not None}
    return sandbox.http.get(f"{sandbox.url}/cgi-bin/gettoken", params=query).json()


def test_the_same_token_while_it_is_valid(sandbox):
    first = gettoken(sandbox)
    assert (first["errcode"], first["errmsg"], first["expires_in"]) == (0, "ok", 7200)
    assert len(first["access_token"]) <= 512
    sandbox.control("clock", advance=7000)
    second = gettoken(sandbox)
    assert second["access_token"] == first["access_token"]
    assert 190 <= second["expires_in"] <= 200
    sandbox.control("clock", advance=200)
    assert gettoken(sandbox)["access_token"] != first["access_token"]


def test_a_new_token_each_time_when_set_so(sandbox):
    sandbox.control("settings", same_token=False)
    tokens = {gettoken(sandbox)["access_token"] for _ in range(3)}
    assert len(tokens) == 3
    for token in tokens:
        assert sandbox.get("externalcontact/get_follow_user_list", access_token=token)["errcode"] == 0


def test_the_life_of_a_token(sandbox):
    sandbox.control("settings", token_lifetime=100)
    token = gettoken(sandbox)["access_token"]
    sandbox.control("clock", advance=95)
    assert sandbox.get("externalcontact/get_follow_user_list", access_token=token)["errcode"] == 0
    sandbox.control("clock", advance=5)
    assert sandbox.get("externalcontact/get_follow_user_list", access_token=token)["errcode"] == 42001


def test_revoked_tokens_turn_invalid(sandbox):
    assert sandbox.get("externalcontact/get_follow_user_list")["errcode"] == 0
    assert sandbox.act("tokens/revoke") == {"revoked": 1}
    assert sandbox.get("externalcontact/get_follow_user_list")["errcode"] == 40014


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"corpsecret": None, "corpid": None}, 41004),
        ({"corpsecret": None}, 41004),
        ({"corpid": None}, 41002),
        ({"corpid": "ww0000"}, 40013),
        ({"corpsecret": "wrong"}, 40001),
        ({"corpsecret": "密"}, 40001),
    ],
)
def test_refused_credentials(sandbox, changes, errcode):
    assert gettoken(sandbox, **changes)["errcode"] == errcode


def test_the_trusted_ips_do_not_concern_gettoken(sandbox):
    sandbox.control("settings", trusted_ips=[])
    assert gettoken(sandbox)["errcode"] == 0
    assert sandbox.get("externalcontact/get_follow_user_list")["errcode"] == 60020


def test_many_wrong_secrets_ban_the_address_for_an_hour(sandbox):
    for _ in range(2000):
        sandbox.world.limits.count_wrong_secret("127.0.0.1", sandbox.world.clock.now())
    assert gettoken(sandbox)["errcode"] == 0
    assert gettoken(sandbox, corpsecret="wrong")["errcode"] == 40001
    assert gettoken(sandbox)["errcode"] == 45009
    sandbox.control("clock", advance=3601)
    assert gettoken(sandbox)["errcode"] == 0


def test_calls_of_gettoken_are_counted(sandbox):
    for _ in range(3):
        gettoken(sandbox)
    assert sandbox.control("counters")["gettoken"] == 3


def test_threads_asking_at_once_get_one_token(sandbox):
    tokens = []
    threads = [threading.Thread(target=lambda: tokens.append(gettoken(sandbox)["access_token"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 8 and len(set(tokens)) == 1
