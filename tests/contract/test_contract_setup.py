"""Client and sandbox agree about tokens, permissions, trusted addresses and rate limits."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from wecom_api import contacts
from wecom_api.errors import ConfigurationError, PermissionDenied, RateLimited

GETTOKEN = "/cgi-bin/gettoken"


def test_a_good_setup_passes_the_check(client):
    client.check()


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [({"corpid": "ww_wrong"}, 40013), ({"secret": "wrong"}, 40001), ({"secret": ""}, 41004)],
)
def test_wrong_credentials_name_what_is_wrong(make_client, changes, errcode):
    with pytest.raises(ConfigurationError) as caught:
        make_client(**changes).check()
    assert caught.value.errcode == errcode


def test_an_app_outside_the_callable_list(control, client):
    control.post("settings", app_allowed=False)
    with pytest.raises(ConfigurationError) as caught:
        client.check()
    assert caught.value.errcode == 48002


def test_an_untrusted_address_is_named(control, client):
    control.post("settings", trusted_ips=["203.0.113.0/24"])
    with pytest.raises(ConfigurationError) as caught:
        client.check()
    assert (caught.value.errcode, caught.value.caller_ip) == (60020, "127.0.0.1")
    control.post("settings", trusted_ips=["127.0.0.1"])
    client.check()


def test_one_token_serves_until_it_ends_and_is_then_renewed(control, client):
    for _call in range(5):
        contacts.get_follow_user_list(client)
    assert control.get("counters")["gettoken"] == 1
    control.advance(7300)  # the client's own clock does not know: it learns by 42001
    contacts.get_follow_user_list(client)
    assert control.get("counters")["gettoken"] == 2


def test_a_revoked_token_is_renewed_once_by_many_threads(control, client):
    contacts.get_follow_user_list(client)
    control.post("tokens/revoke")
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _number: contacts.get_follow_user_list(client), range(40)))
    assert control.get("counters")["gettoken"] == 2


def test_too_many_calls_say_how_long_to_wait(control, make_client):
    client = make_client(clock=lambda: control.get("clock")["now"])
    control.post("settings", rate_limit_per_minute=2)
    contacts.get_follow_user_list(client)
    contacts.get_follow_user_list(client)
    with pytest.raises(RateLimited) as caught:
        contacts.get_follow_user_list(client)
    assert caught.value.retry_after == pytest.approx(60, abs=1)
    control.advance(61)
    contacts.get_follow_user_list(client)


def test_a_member_outside_the_visible_range(control, client):
    control.add_members("alice", "bob")
    control.post("settings", visible_userids=["alice"])
    assert contacts.get_follow_user_list(client) == ["alice"]
    with pytest.raises(PermissionDenied):
        contacts.list_external_userids(client, "bob")
