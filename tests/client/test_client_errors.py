"""The catalogue: every code of the platform description this product can meet, in words a person can act on."""

import re

import pytest
from scripted_wecom import refused

from wecom_api import CallKind
from wecom_api.errors import (
    CATALOGUE,
    ConfigurationError,
    Conflict,
    ErrorKind,
    NotFound,
    NotReady,
    OutcomeUnknown,
    PayloadInvalid,
    PermissionDenied,
    Problem,
    QuotaExceeded,
    RateLimited,
    RequestInvalid,
    TokenInvalid,
    TransientError,
    WeComError,
    error_from_answer,
)

PATH = "/cgi-bin/externalcontact/anything"

CLASS_OF_CODE = {
    -1: TransientError,
    6000: TransientError,
    40001: ConfigurationError,
    40003: NotFound,
    40007: NotFound,
    40013: ConfigurationError,
    40014: TokenInvalid,
    40058: RequestInvalid,
    40068: NotFound,
    40071: Conflict,
    40096: NotFound,
    40099: QuotaExceeded,
    40126: QuotaExceeded,
    41001: TokenInvalid,
    41004: ConfigurationError,
    41035: RequestInvalid,
    41047: NotFound,
    41048: RequestInvalid,
    41063: NotReady,
    41079: NotReady,
    41093: Conflict,
    41094: QuotaExceeded,
    42001: TokenInvalid,
    45009: RateLimited,
    45033: RateLimited,
    48002: ConfigurationError,
    50002: PermissionDenied,
    50003: ConfigurationError,
    60011: PermissionDenied,
    60020: ConfigurationError,
    60111: NotFound,
    84061: NotFound,
}


@pytest.mark.parametrize(("errcode", "error_class"), CLASS_OF_CODE.items())
def test_each_code_raises_its_class(errcode, error_class):
    error = error_from_answer(errcode, "text", PATH)
    assert type(error) is error_class
    assert error.errcode == errcode
    assert error.path == PATH


def test_an_uncatalogued_code_says_where_to_look_it_up(wecom, client):
    wecom.script(PATH, refused(987654, "something new, hint: [42], from ip: 203.0.113.7"))
    with pytest.raises(WeComError) as caught:
        client.call("GET", PATH, kind=CallKind.READ)
    assert type(caught.value) is WeComError
    assert caught.value.hint == "42"
    assert "987654 something new" in str(caught.value)
    assert "devtool" in str(caught.value)


def test_the_text_of_an_error_explains_advises_and_names_the_call():
    error = error_from_answer(48002, "api forbidden", PATH)
    assert str(error) == f"{error.explanation} {error.remedy} ({PATH}, 48002 api forbidden)"


@pytest.mark.parametrize("info", CATALOGUE.values(), ids=lambda info: str(info.code))
def test_every_entry_is_two_plain_sentences_without_placeholders(info):
    for sentence in (info.explanation, info.remedy):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "%" not in sentence
        assert "{" not in sentence
    assert re.fullmatch(r"[a-z0-9_]+", info.name)
    assert info.kind is not ErrorKind.UNKNOWN


def test_names_are_unique():
    assert len({info.name for info in CATALOGUE.values()}) == len(CATALOGUE)


@pytest.mark.parametrize(
    "code",
    [-1, 6000, 40001, 40003, 40004, 40005, 40006, 40007, 40008, 40009, 40011, 40013, 40014, 40031, 40032, 40033, 40035]
    + [40056, 40058, 40063, 40066, 40068, 40070, 40071, 40072, 40096, 40098, 40099, 40123, 40126, 40201, 40204, 40206]
    + [41001, 41002, 41004, 41006, 41009, 41011, 41017, 41018, 41024, 41035, 41046, 41047, 41048, 41054, 41056, 41063]
    + [41064, 41065, 41072, 41080, 41088, 41090, 41093, 41094, 42001, 44001, 44004, 45001, 45002, 45007, 45009, 45029]
    + [45031, 45033, 46004, 48001, 48002, 48004, 48005, 48006, 48009, 50002, 50003, 50100, 60003, 60123, 60011, 60020]
    + [40050, 40057, 40088, 40089, 41049, 41050, 41051, 41053, 41059, 41060, 41061, 41062, 41067, 41078, 41079, 41081]
    + [41082, 41089, 41096, 42013, 43004, 49008, 90501]
    + [60021, 60030, 60031, 60111, 81013, 82001, 84061, 84074, 84083, 84084, 90206, 90207, 90208, 92000, 830002],
)
def test_the_codes_this_product_can_meet_are_catalogued(code):
    assert CATALOGUE[code].code == code


def test_unknown_outcome_is_told_apart_from_every_error_that_proves_nothing_was_made():
    assert not issubclass(OutcomeUnknown, (TransientError, RequestInvalid))
    assert all(not issubclass(type(error_from_answer(code, "", "")), OutcomeUnknown) for code in CATALOGUE)


def test_a_problem_fills_its_template_and_an_invalid_payload_lists_all():
    first = Problem("text.content", "Shorten the text to %(limit)s bytes; it has %(actual)s.", 4000, 4001)
    error = PayloadInvalid([first, Problem("sender", "Name the member.")], PATH)
    assert str(first) == "Shorten the text to 4000 bytes; it has 4001."
    assert str(error).splitlines()[1:] == [f"- text.content: {first}", "- sender: Name the member."]
