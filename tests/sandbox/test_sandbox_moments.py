"""A moment from its job to likes and comments (wecom-api.md § 7)."""

import base64

import pytest
from moment_files import mp4, png

DAY = 86_400
TEXT = {"content": "新品到店"}


def tasks(sandbox, moment_id):
    answer = sandbox.contacts("get_moment_task", moment_id=moment_id)
    assert answer["errcode"] == 0, answer
    return {row["userid"]: row["publish_status"] for row in answer["task_list"]}


def rows(sandbox, path, moment_id, userid="alice"):
    answer = sandbox.contacts(path, moment_id=moment_id, userid=userid)
    assert answer["errcode"] == 0, answer
    return {row["external_userid"] for row in answer["customer_list"]}


def chosen(sandbox, moment_id, userid="alice"):
    return rows(sandbox, "get_moment_customer_list", moment_id, userid)


def viewers(sandbox, moment_id, userid="alice"):
    return rows(sandbox, "get_moment_send_result", moment_id, userid)


def listed(sandbox, start=-DAY, end=DAY, **body):
    now = sandbox.control("clock")["now"]
    answer = sandbox.contacts("get_moment_list", start_time=now + start, end_time=now + end, **body)
    assert answer["errcode"] == 0, answer
    return answer["moment_list"]


def feed(sandbox, external_userid):
    return [post["moment_id"] for post in sandbox.control(f"customers/{external_userid}/moments")["moments"]]


def publish(sandbox, userid, moment_id):
    return sandbox.control(f"members/{userid}/publish", moment_id=moment_id)


def own(sandbox, userid="alice", **body):
    return sandbox.control(f"members/{userid}/moment", **{"text": "早上好", **body})["moment_id"]


def refusal(sandbox, path, **body):
    answer = sandbox.http.post(f"{sandbox.url}/sandbox/{path}", json=body)
    return answer.status_code, answer.json().get("error", "")


def tag(sandbox, *names):
    group = sandbox.control("tags", group="会员等级", tags=list(names))
    return [one["id"] for one in group["tag"]]


def test_from_the_job_to_the_comment(sandbox, alice, bob):
    li, zhao = sandbox.add_customer("alice"), sandbox.add_customer("bob")
    gone = sandbox.add_customer("alice")
    moment_id = sandbox.moment()
    assert tasks(sandbox, moment_id) == {"alice": 0, "bob": 0}
    assert feed(sandbox, li) == []
    sandbox.control(f"customers/{gone}/delete_member", userid="alice")

    (waiting,) = sandbox.control("members/alice/moments")["waiting"]
    assert (waiting["moment_id"], waiting["text"]) == (moment_id, TEXT)
    assert publish(sandbox, "alice", moment_id) == {"published": 1, "audience": 2, "viewers": 1}
    assert tasks(sandbox, moment_id) == {"alice": 1, "bob": 0}
    assert chosen(sandbox, moment_id) == {li, gone}
    assert viewers(sandbox, moment_id) == {li}
    assert (feed(sandbox, li), feed(sandbox, zhao), feed(sandbox, gone)) == ([moment_id], [], [])

    sandbox.control(f"customers/{li}/like", moment_id=moment_id, userid="alice")
    sandbox.control(f"customers/{li}/like", moment_id=moment_id, userid="alice")
    sandbox.control(f"customers/{li}/comment", moment_id=moment_id, userid="alice", text="还有货吗")
    sandbox.control("members/alice/comment_moment", moment_id=moment_id, text="有的")
    answer = sandbox.contacts("get_moment_comments", moment_id=moment_id, userid="alice")
    assert [set(row) for row in answer["comment_list"]] == [
        {"external_userid", "create_time"},
        {"userid", "create_time"},
    ]
    assert [row["external_userid"] for row in answer["like_list"]] == [li]
    (post,) = sandbox.control(f"customers/{li}/moments")["moments"]
    assert [comment["text"] for comment in post["comments"]] == ["还有货吗", "有的"]
    sandbox.control(f"customers/{li}/like", moment_id=moment_id, userid="alice", undo=True)
    assert sandbox.contacts("get_moment_comments", moment_id=moment_id, userid="alice")["like_list"] == []
    (book,) = sandbox.control("moments")["moments"]
    assert [part["comments"] for part in book["publications"]] == [2, 0]


def test_the_job_starts_runs_finishes_and_is_forgotten_after_a_day(sandbox, alice):
    sandbox.add_customer("alice")
    sandbox.control("settings", moment_job_delay=100)
    jobid = sandbox.moment(ready=False)

    def status():
        answer = sandbox.get("externalcontact/get_moment_task_result", jobid=jobid)
        return answer.get("status"), answer["errcode"], answer["result"].get("moment_id")

    assert status() == (1, 0, "")
    sandbox.control("clock", advance=55)
    assert status() == (2, 0, "")
    assert sandbox.control("moments")["moments"] == listed(sandbox) == []
    assert sandbox.control("members/alice/moments")["waiting"] == []
    sandbox.control("clock", advance=46)
    state, errcode, moment_id = status()
    assert (state, errcode) == (3, 0)
    assert [moment["moment_id"] for moment in listed(sandbox)] == [moment_id]
    sandbox.control("clock", advance=DAY - 110)
    sandbox.sign_in()
    assert status() == (3, 0, moment_id)
    sandbox.control("clock", advance=20)
    assert status()[1] == 40088
    assert sandbox.get("externalcontact/get_moment_task_result", jobid="job0")["errcode"] == 40088
    assert sandbox.get("externalcontact/get_moment_task_result")["errcode"] == 40063


def test_senders_departments_and_tags_decide_who_is_asked_and_who_sees_it(sandbox):
    for userid, department in (("alice", 1), ("bob", 3), ("carol", 4)):
        sandbox.add_member(userid)
        with sandbox.world.lock:
            sandbox.world.members[userid].department = department
    with sandbox.world.lock:
        sandbox.world.add_department(3, "门店", parent=1)
        sandbox.world.add_department(4, "静安店", parent=3)
    gold, silver = tag(sandbox, "金卡", "银卡")
    golden = sandbox.add_customer(follows=[{"userid": "alice", "tag_id": [gold]}, {"userid": "bob"}])
    plain = sandbox.add_customer("alice", "carol")

    def asked(**visible_range):
        moment_id = sandbox.moment(visible_range=visible_range)
        return moment_id, set(tasks(sandbox, moment_id))

    assert asked()[1] == {"alice", "bob", "carol"}
    assert asked(sender_list={"user_list": ["ALICE"]})[1] == {"alice"}
    assert asked(sender_list={"user_list": ["alice"], "department_list": [3]})[1] == {"alice", "bob", "carol"}
    moment_id, members = asked(external_contact_list={"tag_list": [gold, silver]})
    assert members == {"alice"}
    publish(sandbox, "alice", moment_id)
    assert chosen(sandbox, moment_id) == viewers(sandbox, moment_id) == {golden}
    assert feed(sandbox, plain) == []
    both = {"sender_list": {"user_list": ["alice", "bob"]}, "external_contact_list": {"tag_list": [gold]}}
    assert asked(**both)[1] == {"alice"}
    shown = {moment["moment_id"]: moment["visible_type"] for moment in listed(sandbox)}
    assert shown[moment_id] == 0 and list(shown.values())[0] == 1


def test_who_is_unknown_or_out_of_range_is_named_and_left_out(sandbox, alice, bob):
    sandbox.add_customer("alice")
    (gold,) = tag(sandbox, "金卡")
    sandbox.add_customer(follows=[{"userid": "alice", "tag_id": [gold]}])
    sandbox.control("settings", visible_userids=["alice"])
    jobid = sandbox.moment(
        ready=False,
        visible_range={
            "sender_list": {"user_list": ["alice", "ghost", "bob"], "department_list": [1, 99]},
            "external_contact_list": {"tag_list": [gold, "et_bad"]},
        },
    )
    sandbox.control("clock", advance=4)
    result = sandbox.moment_job(jobid)
    assert result["invalid_sender_list"] == {"user_list": ["ghost", "bob"], "department_list": [99]}
    assert result["invalid_external_contact_list"] == {"tag_list": ["et_bad"]}
    assert tasks(sandbox, result["moment_id"]) == {"alice": 0}


@pytest.mark.parametrize(
    ("visible_range", "errcode"),
    [
        ({"sender_list": {"user_list": ["ghost"]}}, 40070),
        ({"external_contact_list": {"tag_list": ["et_bad"]}}, 40068),
        ({"external_contact_list": {"tag_list": ["GOLD"]}}, 41048),
    ],
)
def test_a_job_that_finds_nobody_fails_and_makes_nothing(sandbox, alice, visible_range, errcode):
    sandbox.add_customer("alice")
    (gold,) = tag(sandbox, "金卡")
    tags = visible_range.get("external_contact_list", {}).get("tag_list")
    if tags == ["GOLD"]:
        visible_range = {"external_contact_list": {"tag_list": [gold]}}
    jobid = sandbox.moment(ready=False, visible_range=visible_range)
    sandbox.control("clock", advance=4)
    result = sandbox.moment_job(jobid)
    assert (result["errcode"], result["moment_id"]) == (errcode, "")
    assert sandbox.control("moments")["moments"] == []


def test_a_job_can_be_made_to_fail(sandbox, alice):
    sandbox.control("settings", moment_job_errcode=40201)
    jobid = sandbox.moment(ready=False)
    sandbox.control("clock", advance=4)
    assert sandbox.moment_job(jobid)["errcode"] == 40201
    sandbox.control("settings", moment_job_errcode=None)
    assert sandbox.moment().startswith("mom")


def test_what_cannot_be_read_yet_or_by_whom(sandbox, alice, bob):
    sandbox.add_customer("alice")
    jobid = sandbox.moment(ready=False)
    sandbox.control("clock", advance=2)
    moment_id = sandbox.moment_job(jobid)["moment_id"]

    def codes(moment_id=moment_id, userid="alice"):
        paths = ("get_moment_customer_list", "get_moment_send_result", "get_moment_comments")
        return {sandbox.contacts(path, moment_id=moment_id, userid=userid)["errcode"] for path in paths}

    assert codes() == {41079}
    assert sandbox.contacts("cancel_moment_task", moment_id=moment_id)["errcode"] == 41079
    sandbox.control("clock", advance=2)
    assert codes() == {41062}
    publish(sandbox, "alice", moment_id)
    assert codes() == {0}
    assert codes(userid="bob") == {41062}
    assert codes(userid="") == {41009}
    assert codes(userid="ghost") == {40003}
    assert codes(moment_id="") == {41059}
    assert codes(moment_id="mom0") == {41060}
    mine = own(sandbox)
    assert codes(mine) == {0}
    assert codes(mine, "bob") == {41061}
    for path in ("get_moment_task", "cancel_moment_task"):
        assert sandbox.contacts(path, moment_id=mine)["errcode"] == 41067
    sandbox.control("members/alice/delete_moment", moment_id=mine)
    assert codes(mine) == {41060}


def test_cancelling_stops_who_has_not_published_and_takes_nothing_back(sandbox, alice, bob):
    li, zhao = sandbox.add_customer("alice"), sandbox.add_customer("bob")
    moment_id = sandbox.moment()
    publish(sandbox, "alice", moment_id)
    assert sandbox.contacts("cancel_moment_task", moment_id=moment_id)["errcode"] == 0
    assert sandbox.contacts("cancel_moment_task", moment_id=moment_id)["errcode"] == 0
    assert refusal(sandbox, "members/bob/publish", moment_id=moment_id)[0] == 400
    assert sandbox.act("members/publish_all")["published"] == 0
    assert (feed(sandbox, li), feed(sandbox, zhao)) == ([moment_id], [])
    assert tasks(sandbox, moment_id) == {"alice": 1, "bob": 0}


def test_the_list_reaches_thirty_days_without_its_ends(sandbox, alice, bob):
    moment_id, mine = sandbox.moment(), own(sandbox, sample_pictures=2)
    (corp,) = listed(sandbox, filter_type=0)
    assert (corp["moment_id"], corp["create_type"], corp["visible_type"]) == (moment_id, 0, 1)
    assert "creator" not in corp
    (personal,) = listed(sandbox, filter_type=1)
    assert (personal["moment_id"], personal["creator"], len(personal["image"])) == (mine, "alice", 2)
    assert listed(sandbox, creator="bob") == []
    assert len(listed(sandbox, creator="ALICE")) == 1
    at = corp["create_time"]

    def span(start, end, **body):
        answer = sandbox.contacts("get_moment_list", start_time=start, end_time=end, filter_type=0, **body)
        return answer["errcode"], len(answer["moment_list"])

    assert span(at - 1, at + 1) == (0, 1)
    assert span(at, at + 1) == span(at - 1, at) == (0, 0)
    assert span(at - 1, at - 1 + 30 * DAY) == (0, 1)
    assert span(at - 1, at + 30 * DAY) == span(at, at - 1) == (40058, 0)
    assert sandbox.contacts("get_moment_list", start_time=at)["errcode"] == 40058
    assert span(at - 1, at + 1, cursor="x")[0] == 50100


def test_twenty_a_page_whatever_is_asked_for(sandbox, alice):
    sandbox.add_customer("alice")
    for _ in range(23):
        own(sandbox)
    now = sandbox.control("clock")["now"]
    for limit in (20, 21, 1000, None):
        body = {"start_time": now - 100, "end_time": now + 100, "limit": limit}
        first = sandbox.contacts("get_moment_list", **body)
        rest = sandbox.contacts("get_moment_list", **body, cursor=first["next_cursor"])
        assert (len(first["moment_list"]), len(rest["moment_list"]), rest["next_cursor"]) == (20, 3, "")


def test_the_audience_comes_in_pages(sandbox, alice):
    crowd = set(sandbox.add_crowd("alice", 5200))
    moment_id = sandbox.moment()
    publish(sandbox, "alice", moment_id)
    for path, sizes in (("get_moment_customer_list", [1000, 1001, 0]), ("get_moment_send_result", [5000, 5001, 0])):
        lengths, found, cursor = [], set(), None
        for limit in sizes:
            answer = sandbox.contacts(path, moment_id=moment_id, userid="alice", limit=limit)
            lengths.append(len(answer["customer_list"]))
        assert lengths == ([1000, 500, 500] if sizes[0] == 1000 else [5000, 3000, 3000])
        while cursor != "":
            body = {"cursor": cursor} if cursor else {}
            answer = sandbox.contacts(path, moment_id=moment_id, userid="alice", limit=sizes[0], **body)
            found |= {row["external_userid"] for row in answer["customer_list"]}
            cursor = answer["next_cursor"]
        assert found == crowd


def image(media_id):
    return {"msgtype": "image", "image": {"media_id": media_id}}


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({}, 41089),
        ({"text": {"content": ""}}, 41089),
        ({"text": {"content": "a" * 2000}}, 0),
        ({"text": {"content": "a" * 2001}}, 40058),
        ({"text": {"content": "茶" * 1333 + "a"}}, 0),
        ({"text": {"content": "茶" * 1333 + "aa"}}, 40058),
        ({"attachments": [image("PICTURE")] * 9}, 0),
        ({"attachments": [image("PICTURE")] * 10}, 41064),
        ({"attachments": [image("FILM")]}, 40007),
        ({"attachments": [image("BROADCAST")]}, 40007),
        ({"attachments": [{"msgtype": "video", "video": {"media_id": "FILM"}}]}, 0),
        ({"attachments": [{"msgtype": "video", "video": {"media_id": "FILM"}}] * 2}, 41064),
        ({"attachments": [{"msgtype": "video", "video": {}}]}, 40058),
        ({"attachments": [{"msgtype": "video", "video": {"media_id": "PICTURE"}}]}, 40007),
        ({"attachments": [image("PICTURE"), {"msgtype": "video", "video": {"media_id": "FILM"}}]}, 41065),
        ({"attachments": [{"msgtype": "file", "file": {"media_id": "PICTURE"}}]}, 41065),
        ({"attachments": [{"msgtype": "link", "link": {"url": "https://e.example", "media_id": "PICTURE"}}]}, 0),
        ({"attachments": [{"msgtype": "link", "link": {"media_id": "PICTURE"}}]}, 41010),
        ({"attachments": [{"msgtype": "link", "link": {"url": "https://e.example"}}]}, 41006),
        ({"visible_range": {"sender_list": {"user_list": ["u"] * 100_001}}}, 40058),
        ({"visible_range": {"sender_list": {"department_list": ["4"]}}}, 40058),
    ],
)
def test_limits_of_the_content(sandbox, alice, body, errcode):
    ids = {"PICTURE": sandbox.upload_for_moment()["media_id"], "BROADCAST": sandbox.upload()["media_id"]}
    ids["FILM"] = sandbox.upload_for_moment(mp4(), "video")["media_id"]
    if "visible_range" in body:
        body = {**body, "text": TEXT}
    attachments = [
        {"msgtype": one["msgtype"], one["msgtype"]: {k: ids.get(v, v) for k, v in one[one["msgtype"]].items()}}
        for one in body.get("attachments", ())
    ]
    if attachments:
        body = {"attachments": attachments}
    assert sandbox.contacts("add_moment_task", **body)["errcode"] == errcode


def test_a_video_and_a_link_come_back_as_the_list_shows_them(sandbox, alice):
    film = sandbox.upload_for_moment(mp4(), "video")["media_id"]
    sandbox.moment(attachments=[{"msgtype": "video", "video": {"media_id": film}}])
    cover = sandbox.upload_for_moment()["media_id"]
    link = {"title": "目录", "url": "https://e.example", "media_id": cover}
    sandbox.moment(attachments=[{"msgtype": "link", "link": link}])
    shown = listed(sandbox)
    assert shown[0]["video"]["media_id"] == film
    still = sandbox.http.get(
        f"{sandbox.url}/cgi-bin/media/get",
        params={"access_token": sandbox.token, "media_id": shown[0]["video"]["thumb_media_id"]},
    )
    assert still.headers["Content-Type"] == "image/png"
    assert shown[1]["link"] == {"title": "目录", "url": "https://e.example"}


def test_the_files_of_a_moment_stay_and_cannot_be_used_again_after_three_days(sandbox, alice):
    media_id = sandbox.upload_for_moment()["media_id"]
    sandbox.moment(attachments=[image(media_id)])
    sandbox.control("clock", advance=4 * DAY)
    sandbox.sign_in()
    query = {"access_token": sandbox.token, "media_id": media_id}
    assert sandbox.http.get(f"{sandbox.url}/cgi-bin/media/get", params=query).content == png()
    assert sandbox.http.get(f"{sandbox.url}/sandbox/media/{media_id}").content == png()
    assert sandbox.contacts("add_moment_task", attachments=[image(media_id)])["errcode"] == 40007


def test_ten_moments_a_minute(sandbox, alice):
    codes = [sandbox.contacts("add_moment_task", text=TEXT)["errcode"] for _ in range(11)]
    assert codes == [0] * 10 + [45009]
    sandbox.control("clock", advance=61)
    assert sandbox.contacts("add_moment_task", text=TEXT)["errcode"] == 0
    sandbox.control("settings", moments_per_minute=None)
    assert {sandbox.contacts("add_moment_task", text=TEXT)["errcode"] for _ in range(20)} == {0}


def test_too_many_jobs_at_once(sandbox, alice):
    sandbox.control("settings", moment_jobs_at_once=2, moment_job_delay=60)
    assert [sandbox.contacts("add_moment_task", text=TEXT)["errcode"] for _ in range(3)] == [0, 0, 41078]
    sandbox.control("clock", advance=60)
    assert sandbox.contacts("add_moment_task", text=TEXT)["errcode"] == 0


@pytest.mark.parametrize(("rule", "personal"), [("off", 5), ("current", 3), ("2020", 1)])
def test_a_customer_sees_so_many_of_a_members_own_a_day(sandbox, alice, rule, personal):
    li = sandbox.add_customer("alice")
    sandbox.control("settings", moment_cap_rule=rule)
    posts = [own(sandbox) for _ in range(5)]
    assert feed(sandbox, li) == posts[:personal][::-1]
    assert [len(chosen(sandbox, post)) for post in posts] == [1] * 5
    sandbox.control("clock", advance=DAY)
    assert own(sandbox) in feed(sandbox, li)


@pytest.mark.parametrize(("rule", "corp"), [("off", 5), ("current", 4), ("2020", 4)])
def test_a_customer_sees_four_of_the_company_a_month_whoever_publishes(sandbox, alice, bob, rule, corp):
    li = sandbox.add_customer("alice", "bob")
    sandbox.control("settings", moment_cap_rule=rule)
    posts = [sandbox.moment() for _ in range(5)]
    for post in posts:
        publish(sandbox, "alice", post)
        publish(sandbox, "bob", post)
    assert sorted(set(feed(sandbox, li))) == sorted(posts[:corp])
    assert [len(viewers(sandbox, post)) for post in posts] == [1] * corp + [0] * (5 - corp)
    sandbox.control("clock", advance=31 * DAY)
    sandbox.sign_in()
    later = sandbox.moment()
    publish(sandbox, "alice", later)
    assert viewers(sandbox, later) == {li}


def test_not_interested_hides_the_company_for_a_week(sandbox, alice):
    li, zhao = sandbox.add_customer("alice"), sandbox.add_customer("alice")
    before = own(sandbox)
    sandbox.act(f"customers/{li}/not_interested")
    assert feed(sandbox, li) == []
    assert refusal(sandbox, f"customers/{li}/like", moment_id=before, userid="alice")[0] == 400
    during = own(sandbox)
    assert (chosen(sandbox, during), viewers(sandbox, during)) == ({li, zhao}, {zhao})
    sandbox.control("clock", advance=7 * DAY)
    assert feed(sandbox, li) == [before]
    sandbox.sign_in()
    assert viewers(sandbox, own(sandbox)) == {li, zhao}


def test_a_member_posts_pictures_of_his_own_for_some_of_his_customers(sandbox, alice, bob):
    li, zhao = sandbox.add_customer("alice"), sandbox.add_customer("alice")
    encoded = base64.b64encode(png()).decode()
    location = {"latitude": "31.2", "longitude": "121.4", "name": "静安店"}
    mine = own(sandbox, pictures=[encoded], external_userids=[li], location=location)
    (shown,) = listed(sandbox)
    assert (shown["moment_id"], shown["visible_type"], shown["location"]) == (mine, 0, location)
    query = {"access_token": sandbox.token, "media_id": shown["image"][0]["media_id"]}
    assert sandbox.http.get(f"{sandbox.url}/cgi-bin/media/get", params=query).content == png()
    assert chosen(sandbox, mine) == {li}
    assert (feed(sandbox, li), feed(sandbox, zhao)) == ([mine], [])
    stranger = sandbox.add_customer("bob")
    for bad in (
        {"external_userids": [stranger]},
        {"external_userids": ["wm0"]},
        {"text": " "},
        {"text": "a" * 2001},
        {"pictures": ["?"]},
        {"pictures": [base64.b64encode(b"GIF89a").decode()]},
        {"sample_pictures": 10},
        {"sample_pictures": 1, "link": {"url": "https://e.example"}},
        {"link": {"title": "x"}},
    ):
        assert refusal(sandbox, "members/alice/moment", **{"text": "早", **bad})[0] == 400, bad
    assert len(sandbox.control("moments")["moments"]) == 1


def test_putting_aside_and_publishing_all(sandbox, alice, bob):
    sandbox.add_customer("alice", "bob")
    first, second = sandbox.moment(), sandbox.moment()
    assert [row["moments"] for row in sandbox.control("members")["members"]] == [2, 2]
    sandbox.control("members/alice/ignore_moment", moment_id=first)
    assert sandbox.control("members/publish_all", **{"except": ["bob"]})["published"] == 1
    assert sandbox.act("members/bob/publish_all")["published"] == 2
    assert tasks(sandbox, first) == {"alice": 0, "bob": 1}
    assert tasks(sandbox, second) == {"alice": 1, "bob": 1}
    sandbox.control("clock", advance=1)
    assert publish(sandbox, "alice", first)["published"] == 1
    assert [post["moment_id"] for post in sandbox.control("members/alice/moments")["published"]] == [first, second]
    assert refusal(sandbox, "members/alice/publish", moment_id=first)[0] == 400
    assert refusal(sandbox, "members/alice/publish", moment_id="mom0")[0] == 404


def test_only_who_sees_a_moment_reacts_to_it(sandbox, alice, bob):
    li, zhao = sandbox.add_customer("alice"), sandbox.add_customer("bob")
    moment_id = sandbox.moment()
    publish(sandbox, "alice", moment_id)
    for customer, userid in ((zhao, "alice"), (zhao, "bob"), (li, "bob")):
        assert refusal(sandbox, f"customers/{customer}/like", moment_id=moment_id, userid=userid)[0] == 400
    sandbox.control(f"customers/{li}/delete_member", userid="alice")
    assert refusal(sandbox, f"customers/{li}/comment", moment_id=moment_id, userid="alice", text="?")[0] == 400
    assert refusal(sandbox, "members/bob/comment_moment", moment_id=moment_id, text="?")[0] == 400


def test_a_member_who_leaves_is_gone_from_tasks_and_lists(sandbox, alice, bob):
    li = sandbox.add_customer("alice")
    moment_id, mine = sandbox.moment(), own(sandbox)
    sandbox.act("members/alice/leave")
    assert tasks(sandbox, moment_id) == {"bob": 0}
    assert [moment["moment_id"] for moment in listed(sandbox)] == [moment_id]
    assert sandbox.contacts("get_moment_comments", moment_id=mine, userid="alice")["errcode"] == 40003
    assert feed(sandbox, li) == []
