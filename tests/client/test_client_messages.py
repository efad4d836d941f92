"""App messages to members (wecom-api.md § 14)."""

import pytest
from scripted_wecom import NO_ANSWER, ok, refused

from wecom_api import messages
from wecom_api.errors import OutcomeUnknown, PayloadInvalid, RequestInvalid

SEND = "/cgi-bin/message/send"
CARD = {"title": "t", "description": "d", "url": "https://e.example/"}


def card(client, **changes):
    return messages.send_textcard(client, 7, ["alice"], **{**CARD, **changes})


def text(client, text, userids=("alice",)):
    return messages.send_text(client, 7, userids, text)


def test_a_text_goes_to_members_and_the_answer_names_who_was_not_taken(wecom, client):
    wecom.script(SEND, ok(msgid="m1", invaliduser="ghost|left"), ok(msgid="m2", invaliduser=""))
    sent = text(client, "Please publish", ["Alice", "Ghost", "Left"])
    assert sent == messages.SentMessage("m1", ["ghost", "left"])
    expected = {"touser": "Alice|Ghost|Left", "agentid": 7, "msgtype": "text", "text": {"content": "Please publish"}}
    assert wecom.calls(SEND)[0].body == expected
    assert text(client, "Please publish").invalid_userids == []


def test_a_card_opens_an_address(wecom, client):
    wecom.script(SEND, ok(msgid="m1"))
    card(client, button="打开")
    card(client)
    sent = [call.body["textcard"] for call in wecom.calls(SEND)]
    assert sent == [{**CARD, "btntxt": "打开"}, CARD]
    assert wecom.calls(SEND)[0].body["msgtype"] == "textcard"


@pytest.mark.parametrize(
    ("send", "limit", "field"),
    [
        (lambda client, size: text(client, "茶" * 682 + "a" * (size - 2046)), 2048, "text.content"),
        (lambda client, size: text(client, "a", ["u"] * size), 1000, "touser"),
        (lambda client, size: card(client, title="茶" * size), 128, "textcard.title"),
        (lambda client, size: card(client, description="茶" * size), 512, "textcard.description"),
        (lambda client, size: card(client, url="https://e.example/".ljust(size, "x")), 2048, "textcard.url"),
        (lambda client, size: card(client, button="茶" * size), 4, "textcard.btntxt"),
    ],
)
def test_limits_at_the_edge_and_past_it(wecom, client, send, limit, field):
    wecom.script(SEND, ok(msgid="m"))
    send(client, limit)
    with pytest.raises(PayloadInvalid) as caught:
        send(client, limit + 1)
    (problem,) = caught.value.problems
    assert (problem.field, problem.limit, problem.actual) == (field, limit, limit + 1)
    assert len(wecom.calls(SEND)) == 1


@pytest.mark.parametrize(
    "send",
    [
        lambda client: text(client, " "),
        lambda client: text(client, "a\x00"),
        lambda client: text(client, "a", []),
        lambda client: text(client, "a", [""]),
        lambda client: text(client, "a", ["alice|bob"]),
        lambda client: text(client, "a", ["@all"]),
        lambda client: card(client, title=""),
        lambda client: card(client, description=""),
        lambda client: card(client, url="e.example"),
    ],
)
def test_what_wecom_cannot_take_is_not_sent(wecom, client, send):
    with pytest.raises(PayloadInvalid):
        send(client)
    assert wecom.requests == []


def test_people_see_each_message_so_a_lost_answer_is_not_repeated(wecom, client):
    wecom.script(SEND, NO_ANSWER)
    with pytest.raises(OutcomeUnknown):
        text(client, "a")
    assert len(wecom.calls(SEND)) == 1


def test_nobody_could_be_reached(wecom, client):
    wecom.script(SEND, refused(81013))
    with pytest.raises(RequestInvalid):
        text(client, "a")
