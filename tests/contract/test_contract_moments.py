"""Client and sandbox agree about moments, from the upload to the comment, and about messages to members."""

import time

import pytest
from moment_files import jpeg, mp4, png

from wecom_api import media, messages, moment_content, moments
from wecom_api.client import WeComClient
from wecom_api.errors import (
    CATALOGUE,
    Conflict,
    NotFound,
    NotReady,
    OutcomeUnknown,
    PayloadInvalid,
    QuotaExceeded,
    RateLimited,
    RequestInvalid,
)

ADD = "/cgi-bin/externalcontact/add_moment_task"
UPLOAD = "/cgi-bin/media/upload_attachment"
DAY = 86_400


@pytest.fixture
def shop(control):
    """Two members; Li is followed by alice, Zhao by bob, gold Chen by both but tagged by alice only."""
    control.add_members("alice", "bob")
    control.post("settings", dispatch_delay=0, moment_job_delay=0)
    gold = control.post("tags", group="Level", tags=["Gold"])["tag"][0]["id"]
    follows = [{"userid": "alice", "tag_id": [gold]}, {"userid": "bob"}]
    return {
        "gold": gold,
        "li": control.add_customer("Li", "alice"),
        "zhao": control.add_customer("Zhao", "bob"),
        "chen": control.post("customers", name="Chen", follows=follows)["external_userid"],
    }


def create(client: WeComClient, **changes):
    """Create a moment and return its finished job."""
    jobid = moments.add_moment_task(client, moment_content.moment(**{"text": "New tea", **changes}))
    return moments.get_moment_task_result(client, jobid)


def items(pages):
    return [item for page in pages for item in page.items]


def tasks(client, moment_id):
    return {row["userid"]: row["publish_status"] for row in items(moments.get_moment_task(client, moment_id))}


def listed(client, **options):
    now = int(time.time())
    return items(moments.get_moment_list(client, start_time=now - 3600, end_time=now + 3600, **options))


def upload(client, media_type, content):
    return media.upload_attachment(
        client, media_type, f"新茶.{media_type}", content, "application/octet-stream"
    ).media_id


def test_a_moment_for_tagged_customers_is_published_seen_liked_and_commented(control, client, shop):
    pictures = [moment_content.image(media_id=upload(client, "image", one)) for one in (png(1080, 1920), png(9, 9))]
    job = create(client, attachments=pictures, userids=["alice", "ghost"], tag_ids=[shop["gold"], "et_bad"])
    assert (job.finished, job.errcode) == (True, 0)
    assert (job.invalid_userids, job.invalid_tag_ids) == (["ghost"], ["et_bad"])
    assert tasks(client, job.moment_id) == {"alice": 0}

    with pytest.raises(Conflict) as caught:
        moments.get_moment_comments(client, job.moment_id, "alice")
    assert caught.value.errcode == 41062
    control.post("members/alice/publish", moment_id=job.moment_id)
    assert tasks(client, job.moment_id) == {"alice": 1}
    chosen = items(moments.get_moment_customer_list(client, job.moment_id, "alice"))
    assert chosen == [{"userid": "alice", "external_userid": shop["chen"]}]
    assert items(moments.get_moment_send_result(client, job.moment_id, "alice")) == [{"external_userid": shop["chen"]}]

    where = {"moment_id": job.moment_id, "userid": "alice"}
    control.post(f"customers/{shop['chen']}/like", **where)
    control.post(f"customers/{shop['chen']}/comment", **where, text="How much?")
    control.post("members/alice/comment_moment", moment_id=job.moment_id, text="Ten")
    reactions = moments.get_moment_comments(client, job.moment_id, "alice")
    assert [like["external_userid"] for like in reactions.likes] == [shop["chen"]]
    assert [row.get("external_userid") or row["userid"] for row in reactions.comments] == [shop["chen"], "alice"]


@pytest.mark.parametrize("kind", ["video", "link"])
def test_a_video_and_a_link(client, shop, kind):
    if kind == "video":
        attachment = moment_content.video(upload(client, "video", mp4(29.9)))
    else:
        cover = upload(client, "image", png())
        attachment = moment_content.link("https://e.example/c", cover, title="茶" * 42)
    job = create(client, attachments=[attachment])
    (found,) = listed(client, filter_type=0)
    assert (found["moment_id"], found["visible_type"]) == (job.moment_id, 1)
    assert "creator" not in found
    expected = attachment[kind]["media_id"] if kind == "video" else "茶" * 42
    assert found[kind]["media_id" if kind == "video" else "title"] == expected


def test_both_measure_files_alike(control, client, shop):
    """What the client lets pass at the very edge the sandbox takes, and what it refuses the sandbox would refuse."""
    good = [
        ("image", png(10_800, 1080)),
        ("image", jpeg(1080, 10_800)),
        ("video", mp4(30)),
        ("video", mp4(1, version=1)),
    ]
    for media_type, content in good:
        assert upload(client, media_type, content)
    bad = [("image", png(1081, 1081)), ("image", jpeg(10_801, 9)), ("video", mp4(30.1)), ("video", mp4()[:-20])]
    for media_type, content in bad:
        with pytest.raises(PayloadInvalid):
            upload(client, media_type, content)
    before = len(control.calls(UPLOAD))
    for media_type, content in bad:
        with pytest.raises(RequestInvalid) as caught:
            client.call(
                "POST",
                UPLOAD,
                kind=media.CallKind.UPLOAD,
                params={"media_type": media_type, "attachment_type": 1},
                files=media.FilePart("media", "a", content, "application/octet-stream"),
            )
        assert caught.value.errcode in (41081, 41082, 41090)
    assert len(control.calls(UPLOAD)) == before + len(bad)


@pytest.mark.parametrize("kind", ["drop_answer", "truncated", "not_json"])
def test_a_lost_answer_was_one_moment_and_the_list_finds_it(control, client, shop, kind):
    control.fault(ADD, kind)
    with pytest.raises(OutcomeUnknown):
        create(client)
    (found,) = listed(client, filter_type=0)
    assert found["text"]["content"] == "New tea"
    assert len(control.calls(ADD)) == 1


@pytest.mark.parametrize(
    "fault", [{"kind": "drop_connection"}, {"kind": "http_error", "status": 502}, {"kind": "errcode", "errcode": -1}]
)
def test_a_creation_that_may_have_failed_is_not_repeated(control, client, shop, fault):
    control.fault(ADD, **fault)
    with pytest.raises(OutcomeUnknown):
        create(client)
    assert len(control.calls(ADD)) == 1
    assert control.get("moments")["moments"] == []


def test_a_job_takes_its_time_and_is_gone_after_a_day(control, client, shop):
    control.post("settings", moment_job_delay=60)
    jobid = moments.add_moment_task(client, moment_content.moment(text="New tea"))
    assert not moments.get_moment_task_result(client, jobid).finished
    control.advance(61)
    assert moments.get_moment_task_result(client, jobid).moment_id
    control.advance(DAY)
    with pytest.raises(NotFound) as caught:
        moments.get_moment_task_result(client, jobid)
    assert caught.value.errcode == moments.JOB_UNKNOWN


def test_a_job_that_finds_nobody_says_why(client, shop):
    job = create(client, userids=["ghost"])
    assert (job.finished, job.moment_id, job.errcode, job.invalid_userids) == (True, "", 40070, ["ghost"])
    assert job.errcode in CATALOGUE


def test_too_many_and_too_fast(control, client, shop):
    control.post("settings", moment_job_delay=600, moment_jobs_at_once=1)
    create(client)
    with pytest.raises(QuotaExceeded):
        create(client)
    control.post("settings", moment_job_delay=0, moment_jobs_at_once=100)
    with pytest.raises(RateLimited) as caught:
        for _creation in range(11):
            create(client)
    assert caught.value.retry_after == 60


def test_a_moment_in_dispatch_is_not_ready_and_is_later(control, client, shop):
    control.post("settings", dispatch_delay=60)
    job = create(client)
    with pytest.raises(NotReady):
        tasks(client, job.moment_id)
    control.advance(61)
    assert set(tasks(client, job.moment_id)) == {"alice", "bob"}


def test_stopping_reaches_who_has_not_published(control, client, shop):
    moment_id = create(client).moment_id
    control.post("members/bob/publish", moment_id=moment_id)
    moments.cancel_moment_task(client, moment_id)
    moments.cancel_moment_task(client, moment_id)
    control.post("members/publish_all")
    assert tasks(client, moment_id) == {"alice": 0, "bob": 1}


def test_a_members_own_post_is_listed_with_its_pictures_and_is_no_company_post(control, client, shop):
    post = control.post("members/alice/moment", text="Good morning", sample_pictures=2)["moment_id"]
    (found,) = listed(client, filter_type=1)
    assert (found["moment_id"], found["creator"], found["text"]["content"]) == (post, "alice", "Good morning")
    content, _name = media.get(client, found["image"][0]["media_id"])
    assert content.startswith(b"\x89PNG")
    assert len(items(moments.get_moment_send_result(client, post, "alice"))) == 2
    for read in (moments.get_moment_task, moments.cancel_moment_task):
        with pytest.raises(RequestInvalid) as caught:
            list(read(client, post) or ())
        assert caught.value.errcode == 41067
    with pytest.raises(Conflict) as caught:
        moments.get_moment_comments(client, post, "bob")
    assert caught.value.errcode == 41061
    control.post("members/alice/delete_moment", moment_id=post)
    assert listed(client) == []
    with pytest.raises(NotFound):
        moments.get_moment_comments(client, post, "alice")


def test_a_long_time_is_listed_span_by_span_with_nothing_twice(control, client, shop):
    control.post("settings", moments_per_minute=None)
    start = control.get("clock")["now"]
    made = []
    for _month in range(3):
        made += [create(client).moment_id for _moment in range(25)]
        control.advance(30 * DAY - 1)
    end = control.get("clock")["now"]
    found = [
        moment["moment_id"]
        for first, last in moments.listing_spans(start, end)
        for moment in items(moments.get_moment_list(client, start_time=first, end_time=last))
    ]
    assert found == made


def test_a_large_audience_comes_back_in_pages(control, client):
    control.post("reset", scenario="cosmetics", contacts=4600, seed=1)
    control.post("settings", dispatch_delay=0, moment_job_delay=0, short_pages=True)
    job = create(client)
    published = control.post("members/publish_all")
    seen = {
        (userid, row["external_userid"])
        for userid in tasks(client, job.moment_id)
        for row in items(moments.get_moment_customer_list(client, job.moment_id, userid))
    }
    assert len(seen) == published["audience"] > 4000


def test_a_card_reaches_the_members_and_who_is_not_there_is_named(control, client, shop):
    agent = control.get("credentials")["agent_id"]
    sent = messages.send_textcard(
        client, agent, ["alice", "Ghost"], title="A moment waits", description="2 of 5", url="https://e.example/"
    )
    assert sent.invalid_userids == ["ghost"]
    (notice,) = control.get("members/alice/moments")["notices"]
    assert notice["textcard"]["title"] == "A moment waits"
    messages.send_text(client, agent, ["alice"], "茶" * 682)
    assert control.get("members/alice/moments")["notices"][0]["text"] == "茶" * 682
    with pytest.raises(RequestInvalid) as caught:
        messages.send_text(client, agent, ["ghost"], "hello")
    assert caught.value.errcode == 81013


def test_a_lost_answer_to_a_message_is_not_repeated(control, client, shop):
    control.fault("/cgi-bin/message/send", "drop_answer")
    with pytest.raises(OutcomeUnknown):
        messages.send_text(client, control.get("credentials")["agent_id"], ["alice"], "hello")
    assert len(control.get("members/alice/moments")["notices"]) == 1
