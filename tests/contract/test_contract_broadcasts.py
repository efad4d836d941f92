"""Client and sandbox agree about media and about broadcasts from creation to result."""

import time

import pytest

from wecom_api import broadcasts, contacts, content, media
from wecom_api.errors import NotFound, NotReady, OutcomeUnknown, PermissionDenied, QuotaExceeded, RequestInvalid

ADD = "/cgi-bin/externalcontact/add_msg_template"
JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
PDF = b"%PDF-1.7"
MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(100)

SENT, NOT_FRIEND = 1, 2


@pytest.fixture
def shop(control):
    """Two members, three customers; Zhang is followed by both and last talked with bob."""
    control.add_members("alice", "bob")
    control.post("settings", dispatch_delay=0)
    return {
        "li": control.add_customer("Li", "alice"),
        "wang": control.add_customer("Wang", "alice"),
        "zhang": control.add_customer("Zhang", "alice", "bob"),
    }


def send(client, shop, **changes):
    payload = content.broadcast(**{"text": "closed for two weeks", "external_userids": list(shop.values()), **changes})
    return broadcasts.add_msg_template(client, payload)


def test_busy_although_the_work_was_done_is_an_unknown_outcome(control, client, shop):
    control.fault(ADD, "errcode", errcode=-1, done=True)
    with pytest.raises(OutcomeUnknown):
        send(client, shop)
    assert len(control.get("broadcasts")["broadcasts"]) == 1


def results(client, msgid):
    return {
        row["external_userid"]: (row["userid"], row["status"])
        for task in tasks(client, msgid)
        for page in broadcasts.iter_send_results(client, msgid, task)
        for row in page.items
    }


def tasks(client, msgid):
    return {row["userid"]: row["status"] for page in broadcasts.iter_tasks(client, msgid) for row in page.items}


def upload(client, media_type, body):
    return media.upload(client, media_type, f"新茶.{media_type}", body, "application/octet-stream").media_id


def test_a_broadcast_with_every_kind_of_content_reaches_the_phones_and_comes_back_as_results(control, client, shop):
    picture, film, paper = (
        upload(client, "image", JPEG),
        upload(client, "video", MP4),
        upload(client, "file", b"%PDF-1.7"),
    )
    created = send(
        client,
        shop,
        attachments=[
            content.image(media_id=picture),
            content.image(pic_url=media.upload_image(client, "a.jpg", JPEG, "image/jpeg")),
            content.link("Catalogue", "https://e.example/c", desc="spring", picurl="https://e.example/c.png"),
            content.miniprogram("Shop", picture, "wx00000000000000", "pages/home.html"),
            content.video(film),
            content.file(paper),
        ],
    )
    assert created.fail_list == []
    assert tasks(client, created.msgid) == {"alice": 0, "bob": 0}

    control.post(f"customers/{shop['wang']}/delete_member", userid="alice")
    control.post("members/confirm_all")
    assert tasks(client, created.msgid) == {"alice": 2, "bob": 2}
    assert results(client, created.msgid) == {
        shop["li"]: ("alice", SENT),
        shop["wang"]: ("alice", NOT_FRIEND),
        shop["zhang"]: ("bob", SENT),
    }
    (message,) = control.get(f"customers/{shop['li']}")["inbox"]
    assert message["text"]["content"] == "closed for two weeks"
    assert [attachment["msgtype"] for attachment in message["attachments"]] == [
        "image",
        "image",
        "link",
        "miniprogram",
        "video",
        "file",
    ]


def test_customers_who_cannot_be_sent_to_are_named_at_once(client, shop):
    created = send(client, shop, external_userids=[shop["li"], "wm_unknown"])
    assert created.fail_list == ["wm_unknown"]
    with pytest.raises(RequestInvalid) as caught:
        send(client, shop, external_userids=["wm_unknown"])
    assert caught.value.errcode == 41048


@pytest.mark.parametrize("kind", ["drop_answer", "truncated", "not_json"])
def test_a_lost_answer_was_one_broadcast_and_the_listing_finds_it(control, client, shop, kind):
    control.fault(ADD, kind)
    with pytest.raises(OutcomeUnknown):
        send(client, shop)
    now = int(time.time())
    (page,) = broadcasts.iter_broadcasts(client, start_time=now - 3600, end_time=now + 3600, filter_type=0)
    (found,) = page.items
    assert found["text"]["content"] == "closed for two weeks"
    assert "creator" not in found
    assert len(control.calls(ADD)) == 1


@pytest.mark.parametrize(
    "fault", [{"kind": "drop_connection"}, {"kind": "http_error", "status": 502}, {"kind": "errcode", "errcode": -1}]
)
def test_a_creation_that_may_have_failed_is_not_repeated_either(control, client, shop, fault):
    control.fault(ADD, **fault)
    with pytest.raises(OutcomeUnknown):
        send(client, shop)
    assert len(control.calls(ADD)) == 1
    assert control.get("broadcasts")["broadcasts"] == []


def test_a_slow_answer_is_unknown(control, make_client, shop):
    control.fault(ADD, "delay", seconds=1.0)
    with pytest.raises(OutcomeUnknown):
        send(make_client(timeout=(2, 0.3)), shop)


def test_a_token_that_ended_before_the_creation_is_renewed_and_the_broadcast_made_once(control, client, shop):
    client.check()
    control.advance(7300)
    send(client, shop)
    assert len(control.get("broadcasts")["broadcasts"]) == 1


def test_a_broadcast_in_dispatch_is_not_ready_and_is_later(control, client, shop):
    control.post("settings", dispatch_delay=60)
    created = send(client, shop)
    with pytest.raises(NotReady):
        tasks(client, created.msgid)
    control.advance(61)
    assert set(tasks(client, created.msgid)) == {"alice", "bob"}


def test_reminders_are_rationed_and_cancelling_stops_who_has_not_sent(control, client, shop):
    msgid = send(client, shop).msgid
    control.post("members/bob/confirm", msgid=msgid)
    for _reminder in range(3):
        broadcasts.remind(client, msgid)
    with pytest.raises(QuotaExceeded):
        broadcasts.remind(client, msgid)
    broadcasts.cancel(client, msgid)
    broadcasts.cancel(client, msgid)
    control.post("members/confirm_all")
    assert results(client, msgid)[shop["zhang"]] == ("bob", SENT)
    assert control.get(f"customers/{shop['li']}")["inbox"] == []


def test_broadcasts_by_tag_and_by_sender(control, client, shop):
    group = control.post("tags", group="Level", tags=["Gold"])
    gold = group["tag"][0]["id"]
    control.post("customers", name="Chen", follows=[{"userid": "bob", "tag_id": [gold]}])
    by_tag = send(client, shop, external_userids=(), tag_groups=[[gold]])
    assert tasks(client, by_tag.msgid) == {"bob": 0}
    by_sender = send(client, shop, external_userids=(), sender="alice")
    assert tasks(client, by_sender.msgid) == {"alice": 0}


def test_ten_thousand_customers_go_into_one_broadcast_and_come_back_in_pages(control, client):
    control.post("reset", scenario="cosmetics", contacts=11_000, seed=1)
    control.post("settings", dispatch_delay=0)
    members = [member["userid"] for member in control.get("members")["members"]]
    customers = {
        item["external_contact"]["external_userid"]
        for page in contacts.iter_contacts_by_users(client, members)
        for item in page.items
    }
    chosen = sorted(customers)[:10_000]
    created = broadcasts.add_msg_template(client, content.broadcast(text="hi", external_userids=chosen))
    found = results(client, created.msgid)
    assert len(found) + len(created.fail_list) == 10_000
    assert set(found) | set(created.fail_list) == set(chosen)


def test_media_come_back_as_they_were_sent_until_they_expire(control, client):
    media_id = upload(client, "image", JPEG)
    assert media.get(client, media_id) == (JPEG, "新茶.image")
    control.advance(3 * 86400 + 1)
    with pytest.raises(NotFound):
        media.get(client, media_id)


def test_a_sender_the_app_may_not_see(control, client, shop):
    control.post("settings", visible_userids=["alice"])
    with pytest.raises((PermissionDenied, NotFound, RequestInvalid)):
        send(client, shop, external_userids=(), sender="bob")
    assert control.get("broadcasts")["broadcasts"] == []
