import pytest

LIST = "externalcontact/get_follow_user_list"


def codes(sandbox, count, path=LIST, **query):
    return [sandbox.get(path, **query)["errcode"] for _ in range(count)]


@pytest.mark.parametrize(("name", "window"), [("rate_limit_per_minute", 60), ("rate_limit_per_hour", 3600)])
def test_at_the_limit_and_past_it(sandbox, name, window):
    sandbox.sign_in()
    sandbox.control("settings", **{name: 5})
    assert codes(sandbox, 6) == [0] * 5 + [45009]
    sandbox.control("clock", advance=window - 2)
    assert codes(sandbox, 1) == [45009]
    sandbox.control("clock", advance=2)
    assert codes(sandbox, 6) == [0] * 5 + [45009]


def test_each_endpoint_has_its_own_limit(sandbox, alice):
    sandbox.sign_in()
    sandbox.control("settings", rate_limit_per_minute=1)
    assert codes(sandbox, 2) == [0, 45009]
    assert codes(sandbox, 2, "user/get", userid="alice") == [0, 45009]


def test_no_limit_when_switched_off(sandbox):
    sandbox.sign_in()
    sandbox.control("settings", rate_limit_per_minute=1)
    sandbox.control("settings", rate_limit_per_minute=None, rate_limit_per_hour=None)
    assert codes(sandbox, 20) == [0] * 20


def test_debug_calls_are_five_a_minute(sandbox):
    assert codes(sandbox, 6, debug="1") == [0] * 5 + [45009]
    assert codes(sandbox, 1) == [0]


def test_a_thousand_permanent_pictures_a_day(sandbox):
    now = sandbox.world.clock.now()
    for _ in range(998):
        sandbox.world.limits.check_uploadimg(now)
    assert [sandbox.upload_picture()["errcode"] for _ in range(3)] == [0, 0, 45009]
    sandbox.control("clock", advance=86400)
    sandbox.sign_in()
    assert sandbox.upload_picture()["errcode"] == 0


def test_three_thousand_permanent_pictures_a_month(sandbox):
    for _day in range(3):
        for _ in range(1000):
            sandbox.world.limits.check_uploadimg(sandbox.world.clock.now())
        sandbox.control("clock", advance=86400)
    assert sandbox.upload_picture()["errcode"] == 45009
    sandbox.control("clock", advance=31 * 86400)
    sandbox.sign_in()
    assert sandbox.upload_picture()["errcode"] == 0
