"""Moments: contents, limits, job, listings, reactions (wecom-api.md § 7.1-7.8)."""

import pytest
from scripted_wecom import NO_ANSWER, ok, refused

from wecom_api import moment_content, moments
from wecom_api.errors import (
    Conflict,
    NotFound,
    NotReady,
    OutcomeUnknown,
    PayloadInvalid,
    QuotaExceeded,
    ResponseInvalid,
)

EXTERNAL = "/cgi-bin/externalcontact/"
ADD = EXTERNAL + "add_moment_task"
JOB = EXTERNAL + "get_moment_task_result"
LIST = EXTERNAL + "get_moment_list"
ADDRESS = "https://e.example/c"
DAY = 86_400

IMAGE, VIDEO, LINK = moment_content.image(media_id="a1"), moment_content.video("a2"), moment_content.link(ADDRESS, "a3")


def moment(**changes):
    return moment_content.moment(**{"text": "New tea", **changes})


def fields(payload):
    return [problem.field for problem in moment_content.validate_moment(payload)]


def test_only_what_is_used_is_sent():
    assert moment() == {"text": {"content": "New tea"}}
    assert moment(text=None, attachments=[IMAGE], userids=["alice"], department_ids=[4], tag_ids=["et"]) == {
        "attachments": [{"msgtype": "image", "image": {"media_id": "a1"}}],
        "visible_range": {
            "sender_list": {"user_list": ["alice"], "department_list": [4]},
            "external_contact_list": {"tag_list": ["et"]},
        },
    }
    assert LINK == {"msgtype": "link", "link": {"url": ADDRESS, "media_id": "a3"}}


AT_AND_PAST = {
    "text in characters": (lambda size: moment(text="a" * size), 2000, "text.content"),
    "text in bytes": (lambda size: moment(text="茶" * 1333 + "a" * (size - 3999)), 4000, "text.content"),
    "pictures": (lambda size: moment(attachments=[IMAGE] * size), 9, "attachments"),
    "videos": (lambda size: moment(attachments=[VIDEO] * size), 1, "attachments"),
    "links": (lambda size: moment(attachments=[LINK] * size), 1, "attachments"),
    "link title in characters": (
        lambda size: moment(attachments=[moment_content.link(ADDRESS, "a", title="a" * size)]),
        64,
        "attachments[0].link.title",
    ),
    "link title in bytes": (
        lambda size: moment(attachments=[moment_content.link(ADDRESS, "a", title="茶" * 42 + "a" * (size - 126))]),
        128,
        "attachments[0].link.title",
    ),
    "link address": (
        lambda size: moment(attachments=[moment_content.link(ADDRESS.ljust(size, "x"), "a")]),
        2048,
        "attachments[0].link.url",
    ),
    "members": (lambda size: moment(userids=["u"] * size), 100_000, "visible_range.sender_list.user_list"),
}


@pytest.mark.parametrize(("build", "limit", "field"), AT_AND_PAST.values(), ids=AT_AND_PAST)
def test_limits_at_the_edge_and_past_it(build, limit, field):
    assert moment_content.validate_moment(build(limit)) == []
    (problem,) = moment_content.validate_moment(build(limit + 1))
    assert (problem.field, problem.limit, problem.actual) == (field, limit, limit + 1)
    assert str(limit + 1) in str(problem)


@pytest.mark.parametrize("mixed", [[IMAGE, VIDEO], [VIDEO, LINK], [IMAGE, IMAGE, LINK]])
def test_pictures_video_and_link_exclude_each_other(mixed):
    (problem,) = moment_content.validate_moment(moment(attachments=mixed))
    assert str(problem) == "Choose pictures, or one video, or one link: they exclude each other."


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "text.content"),
        (moment(text=" \n"), "text.content"),
        (moment(text="a\x00b"), "text.content"),
        ({"text": "New tea"}, "text"),
        ({"text": {"content": 5}}, "text.content"),
        ({"text": {"content": "a"}, "attachments": {"msgtype": "image"}}, "attachments"),
        ({"text": {"content": "a"}, "attachments": []}, "attachments"),
        (moment(attachments=[{"msgtype": "file", "file": {"media_id": "m"}}]), "attachments[0].msgtype"),
        ({"attachments": ["picture"]}, "attachments[0].msgtype"),
        (moment(attachments=[{"msgtype": "image"}]), "attachments[0].image"),
        (moment(attachments=[moment_content.image(pic_url=ADDRESS)]), "attachments[0].image.media_id"),
        (moment(attachments=[moment_content.video("")]), "attachments[0].video.media_id"),
        (moment(attachments=[moment_content.link("", "a")]), "attachments[0].link.url"),
        (moment(attachments=[moment_content.link(ADDRESS, "")]), "attachments[0].link.media_id"),
        (moment(attachments=[moment_content.link("e.example", "a")]), "attachments[0].link.url"),
        (moment(userids=["alice", " "]), "visible_range.sender_list.user_list"),
        (moment(department_ids=["4"]), "visible_range.sender_list.department_list"),
        (moment(tag_ids=[5]), "visible_range.external_contact_list.tag_list"),
        (moment(attachments=[{"msgtype": "link", "link": {"url": 5}}]), "attachments[0].link.url"),
        ({"text": {"content": "a"}, "visible_range": "all"}, "visible_range"),
        ({"text": {"content": "a"}, "visible_range": {"sender_list": ["alice"]}}, "visible_range.sender_list"),
        (
            {"text": {"content": "a"}, "visible_range": {"external_contact_list": {"tag_list": "et"}}},
            "visible_range.external_contact_list.tag_list",
        ),
    ],
)
def test_what_wecom_cannot_take_is_told_by_field(payload, field):
    assert fields(payload) == [field]


def test_creating_returns_the_job_and_sends_nothing_that_breaks_limits(wecom, client):
    wecom.script(ADD, ok(jobid="job1"))
    assert moments.add_moment_task(client, moment(attachments=[IMAGE])) == "job1"
    assert wecom.calls(ADD)[0].body == moment(attachments=[IMAGE])
    with pytest.raises(PayloadInvalid):
        moments.add_moment_task(client, {})
    assert len(wecom.calls(ADD)) == 1


@pytest.mark.parametrize("answer", [NO_ANSWER, refused(-1), ok(), ok(jobid=5)])
def test_a_creation_without_a_usable_answer_is_unknown_and_never_repeated(wecom, client, pauses, answer):
    wecom.script(ADD, answer)
    with pytest.raises(OutcomeUnknown):
        moments.add_moment_task(client, moment())
    assert len(wecom.calls(ADD)) == 1
    assert pauses == []


def test_too_many_moments_in_progress(wecom, client):
    wecom.script(ADD, refused(41078))
    with pytest.raises(QuotaExceeded):
        moments.add_moment_task(client, moment())


@pytest.mark.parametrize("status", [1, 2])
def test_a_job_that_runs_says_nothing_else(wecom, client, status):
    wecom.script(JOB, ok(status=status, type="add_moment_task", result={"errcode": 0, "moment_id": ""}))
    assert moments.get_moment_task_result(client, "job1") == moments.MomentJob(finished=False)
    assert wecom.requests[-1].query["jobid"] == "job1"


def test_a_finished_job_names_the_moment_and_what_was_left_out(wecom, client):
    result = {
        "errcode": 0,
        "errmsg": "ok",
        "moment_id": "mom1",
        "invalid_sender_list": {"user_list": ["ghost"], "department_list": [99]},
        "invalid_external_contact_list": {"tag_list": ["et_bad"]},
    }
    wecom.script(JOB, ok(status=3, result=result), ok(status=3, result={"moment_id": "mom1"}))
    job = moments.get_moment_task_result(client, "job1")
    assert (job.finished, job.moment_id, job.errcode) == (True, "mom1", 0)
    assert (job.invalid_userids, job.invalid_department_ids, job.invalid_tag_ids) == (["ghost"], [99], ["et_bad"])
    assert moments.get_moment_task_result(client, "job1") == moments.MomentJob(True, "mom1")


def test_a_job_that_failed_and_one_that_makes_no_sense(wecom, client):
    wecom.script(
        JOB, ok(status=3, result={"errcode": 40070, "errmsg": "nobody"}), ok(status=3), ok(status=3, result=[])
    )
    job = moments.get_moment_task_result(client, "job1")
    assert (job.finished, job.moment_id, job.errcode, job.errmsg) == (True, "", 40070, "nobody")
    for _attempt in range(2):
        with pytest.raises(ResponseInvalid):
            moments.get_moment_task_result(client, "job1")


@pytest.mark.parametrize("code", [moments.JOB_UNKNOWN, moments.JOB_PURGED])
def test_a_job_that_is_unknown_or_over(wecom, client, code):
    wecom.script(JOB, refused(code))
    with pytest.raises(NotFound):
        moments.get_moment_task_result(client, "job1")


def test_cancelling_may_be_repeated(wecom, client):
    wecom.script(EXTERNAL + "cancel_moment_task", NO_ANSWER, ok())
    moments.cancel_moment_task(client, "mom1")
    assert [call.body for call in wecom.calls(EXTERNAL + "cancel_moment_task")] == [{"moment_id": "mom1"}] * 2


def test_a_listing_of_thirty_days_and_not_a_second_more(wecom, client):
    wecom.script(LIST, ok(moment_list=[{"moment_id": "mom1"}], next_cursor="c"), ok(moment_list=[]))
    pages = list(moments.get_moment_list(client, start_time=1, end_time=1 + 30 * DAY, creator="alice", filter_type=1))
    assert [page.items for page in pages] == [[{"moment_id": "mom1"}], []]
    expected = {"start_time": 1, "end_time": 1 + 30 * DAY, "creator": "alice", "filter_type": 1, "limit": 20}
    assert [call.body for call in wecom.calls(LIST)] == [expected, {**expected, "cursor": "c"}]
    for end in (2 + 30 * DAY, 0):
        with pytest.raises(PayloadInvalid, match="end_time"):
            moments.get_moment_list(client, start_time=1, end_time=end)


@pytest.mark.parametrize("length", [0, 1, 30 * DAY - 2, 30 * DAY - 1, 30 * DAY, 75 * DAY + 7])
def test_spans_cover_every_second_once_and_only_what_was_asked_for(length):
    start = 1_700_000_000
    spans = list(moments.listing_spans(start, start + length))
    covered = [(first + 1, last - 1) for first, last in spans]
    assert covered[0][0] == start and covered[-1][1] == start + length
    assert all(later == earlier + 1 for (_first, earlier), (later, _last) in zip(covered, covered[1:], strict=False))
    assert all(last - first <= 30 * DAY for first, last in spans)


def test_nothing_is_asked_for_when_the_end_lies_before_the_start():
    assert list(moments.listing_spans(10, 8)) == []


@pytest.mark.parametrize(
    ("listing", "path", "key", "default"),
    [
        (lambda client, **o: moments.get_moment_task(client, "mom1", **o), "get_moment_task", "task_list", 1000),
        (
            lambda client, **o: moments.get_moment_customer_list(client, "mom1", "alice", **o),
            "get_moment_customer_list",
            "customer_list",
            1000,
        ),
        (
            lambda client, **o: moments.get_moment_send_result(client, "mom1", "alice", **o),
            "get_moment_send_result",
            "customer_list",
            5000,
        ),
    ],
)
def test_the_rows_of_a_moment_come_in_the_largest_pages(wecom, client, listing, path, key, default):
    wecom.script(EXTERNAL + path, ok(**{key: [{"n": 1}], "next_cursor": "c"}), ok(**{key: [{"n": 2}]}))
    assert [page.items for page in listing(client)] == [[{"n": 1}], [{"n": 2}]]
    bodies = [call.body for call in wecom.calls(EXTERNAL + path)]
    assert [(body["limit"], body.get("cursor"), body["moment_id"]) for body in bodies] == [
        (default, None, "mom1"),
        (default, "c", "mom1"),
    ]
    with pytest.raises(PayloadInvalid):
        listing(client, limit=default + 1)


def test_reactions_name_customers_and_members(wecom, client):
    comments = [{"external_userid": "wm1", "create_time": 1}, {"userid": "alice", "create_time": 2}]
    wecom.script(EXTERNAL + "get_moment_comments", ok(comment_list=comments, like_list=[]), ok())
    assert moments.get_moment_comments(client, "mom1", "alice") == moments.Reactions(comments, [])
    assert moments.get_moment_comments(client, "mom1", "alice") == moments.Reactions([], [])
    assert wecom.requests[-1].body == {"moment_id": "mom1", "userid": "alice"}


@pytest.mark.parametrize(
    ("code", "error"), [(41061, Conflict), (41062, Conflict), (41060, NotFound), (41079, NotReady)]
)
def test_what_cannot_be_read_says_why(wecom, client, code, error):
    wecom.script(EXTERNAL + "get_moment_comments", refused(code))
    with pytest.raises(error) as caught:
        moments.get_moment_comments(client, "mom1", "alice")
    assert caught.value.retry_after == (5 if code == 41079 else None)


def test_no_odd_shape_makes_the_check_fail():
    odd = [None, True, 0, 5, "", "x", [], ["x"], [None], [[]], {}, {"x": 1}, {"content": []}]
    odd += [{"sender_list": value} for value in odd] + [{"sender_list": {"user_list": value}} for value in odd]
    for name in ("text", "attachments", "visible_range"):
        for value in odd:
            moment_content.validate_moment({**moment(), name: value})
