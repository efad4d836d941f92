"""The endpoint families: what is asked, what comes back, what ends a listing, and the limits before any call."""

import pytest
from scripted_wecom import GETTOKEN, NO_ANSWER, ok, refused

from wecom_api import broadcasts, contacts, content, members, tags
from wecom_api.errors import NotFound, OutcomeUnknown, PayloadInvalid, QuotaExceeded, ResponseInvalid

EXTERNAL = "/cgi-bin/externalcontact/"


def last_body(wecom):
    return wecom.requests[-1].body


class TestMembers:
    def test_details_and_lists(self, wecom, client):
        wecom.script("/cgi-bin/user/get", ok(userid="alice", name="Alice"))
        wecom.script("/cgi-bin/user/simplelist", ok(userlist=[{"userid": "alice"}]))
        assert members.get_user(client, "alice")["name"] == "Alice"
        assert wecom.requests[-1].query["userid"] == "alice"
        assert members.list_simple(client, 4) == [{"userid": "alice"}]
        assert wecom.requests[-1].query["department_id"] == "4"

    @pytest.mark.parametrize(
        ("function", "path", "key"),
        [
            (members.list_departments, "/cgi-bin/department/list", "department"),
            (members.simplelist_departments, "/cgi-bin/department/simplelist", "department_id"),
        ],
    )
    def test_departments_all_or_below_one(self, wecom, client, function, path, key):
        wecom.script(path, ok(**{key: [{"id": 2}]}))
        assert function(client) == [{"id": 2}]
        assert "id" not in wecom.requests[-1].query
        function(client, 2)
        assert wecom.requests[-1].query["id"] == "2"

    def test_an_unknown_member(self, wecom, client):
        wecom.script("/cgi-bin/user/get", refused(60111, "userid not found"))
        with pytest.raises(NotFound):
            members.get_user(client, "ghost")


class TestContacts:
    BATCH = EXTERNAL + "batch/get_by_user"

    def test_members_who_follow_customers(self, wecom, client):
        wecom.script(EXTERNAL + "get_follow_user_list", ok(follow_user=["alice", "bob"]))
        assert contacts.get_follow_user_list(client) == ["alice", "bob"]

    def test_a_member_without_customers_has_an_empty_list(self, wecom, client):
        wecom.script(EXTERNAL + "list", ok(external_userid=["wm1"]), refused(84061, external_userid=[]), refused(40003))
        assert contacts.list_external_userids(client, "alice") == ["wm1"]
        assert contacts.list_external_userids(client, "alice") == []
        with pytest.raises(NotFound):
            contacts.list_external_userids(client, "ghost")

    def test_a_contact_with_more_followers_than_a_page_is_joined(self, wecom, client):
        first = ok(external_contact={"name": "Li"}, follow_user=[{"userid": "a"}], next_cursor="c1")
        wecom.script(EXTERNAL + "get", first, ok(external_contact={}, follow_user=[{"userid": "b"}], next_cursor=""))
        contact = contacts.get_contact(client, "wm1")
        assert contact == {"external_contact": {"name": "Li"}, "follow_user": [{"userid": "a"}, {"userid": "b"}]}
        assert [call.query.get("cursor") for call in wecom.calls(EXTERNAL + "get")] == [None, "c1"]

    def test_a_contact_whose_followers_repeat_a_cursor_does_not_loop(self, wecom, client):
        wecom.script(EXTERNAL + "get", ok(external_contact={"name": "Li"}, follow_user=[], next_cursor="c1"))
        with pytest.raises(ResponseInvalid):
            contacts.get_contact(client, "wm1")

    def test_short_and_empty_pages_do_not_end_a_listing_and_an_absent_cursor_does(self, wecom, client):
        wecom.script(
            self.BATCH,
            ok(external_contact_list=[{"n": 1}], next_cursor="c1"),
            ok(external_contact_list=[], next_cursor="c2"),
            ok(external_contact_list=[{"n": 2}]),
        )
        pages = list(contacts.iter_contacts_by_users(client, ["alice"]))
        assert [(page.items, page.next_cursor) for page in pages] == [
            ([{"n": 1}], "c1"),
            ([], "c2"),
            ([{"n": 2}], ""),
        ]
        assert [call.body.get("cursor") for call in wecom.calls(self.BATCH)] == [None, "c1", "c2"]
        assert last_body(wecom)["limit"] == 100

    def test_a_listing_resumes_at_a_cursor_and_asks_only_for_pages_that_are_wanted(self, wecom, client):
        wecom.script(self.BATCH, ok(external_contact_list=[], next_cursor="c9"))
        page = next(contacts.iter_contacts_by_users(client, ["alice"], cursor="c8"))
        assert page.next_cursor == "c9"
        assert [call.body["cursor"] for call in wecom.calls(self.BATCH)] == ["c8"]

    def test_a_cursor_that_repeats_ends_in_an_error_instead_of_an_endless_loop(self, wecom, client):
        wecom.script(self.BATCH, ok(external_contact_list=[], next_cursor="c1"))
        with pytest.raises(ResponseInvalid, match="never end"):
            list(contacts.iter_contacts_by_users(client, ["alice"]))

    def test_members_without_customers_give_an_empty_page(self, wecom, client):
        wecom.script(self.BATCH, refused(84061, external_contact_list=[]))
        (page,) = contacts.iter_contacts_by_users(client, ["alice"])
        assert (page.items, page.next_cursor) == ([], "")

    def test_nobody_is_believed_at_the_start_only(self, wecom, client):
        """Later on it would end the listing early, and everybody not yet listed would count as lost."""
        wecom.script(self.BATCH, ok(external_contact_list=[], next_cursor="c1"), refused(84061))
        with pytest.raises(NotFound):
            list(contacts.iter_contacts_by_users(client, ["alice"]))
        with pytest.raises(NotFound):
            list(contacts.iter_contacts_by_users(client, ["alice"], cursor="c7"))

    def test_cursors_that_go_round_end_in_an_error(self, wecom, client):
        pages = [ok(external_contact_list=[], next_cursor=cursor) for cursor in ("c1", "c2", "c1")]
        wecom.script(self.BATCH, *pages)
        with pytest.raises(ResponseInvalid, match="never end"):
            list(contacts.iter_contacts_by_users(client, ["alice"]))

    @pytest.mark.parametrize(("userids", "limit"), [(100, 100), (1, 1)])
    def test_listing_limits_at_the_edge(self, wecom, client, userids, limit):
        wecom.script(self.BATCH, ok(external_contact_list=[]))
        assert list(contacts.iter_contacts_by_users(client, ["u"] * userids, limit=limit))

    @pytest.mark.parametrize(("userids", "limit"), [(101, 100), (0, 100), (1, 101), (1, 0)])
    def test_listing_limits_past_the_edge(self, wecom, client, userids, limit):
        with pytest.raises(PayloadInvalid):
            contacts.iter_contacts_by_users(client, ["u"] * userids, limit=limit)
        assert wecom.requests == []

    @pytest.mark.parametrize(("field", "limit"), [("remark", 20), ("description", 150), ("remark_company", 20)])
    def test_remark_limits_count_characters(self, wecom, client, field, limit):
        wecom.script(EXTERNAL + "remark", ok())
        contacts.update_remark(client, "alice", "wm1", **{field: "茶" * limit})
        assert last_body(wecom) == {"userid": "alice", "external_userid": "wm1", field: "茶" * limit}
        with pytest.raises(PayloadInvalid) as caught:
            contacts.update_remark(client, "alice", "wm1", **{field: "茶" * (limit + 1)})
        (problem,) = caught.value.problems
        assert (problem.field, problem.limit, problem.actual) == (field, limit, limit + 1)
        assert len(wecom.calls(EXTERNAL + "remark")) == 1

    def test_phone_numbers_replace_the_list_and_an_empty_list_clears_it(self, wecom, client):
        wecom.script(EXTERNAL + "remark", ok())
        contacts.update_remark(client, "alice", "wm1", remark_mobiles=["13800000001"])
        assert last_body(wecom)["remark_mobiles"] == ["13800000001"]
        contacts.update_remark(client, "alice", "wm1", remark_mobiles=[], remark="")
        assert last_body(wecom)["remark_mobiles"] == [""]
        assert last_body(wecom)["remark"] == ""

    def test_a_remark_without_any_change_is_refused(self, wecom, client):
        with pytest.raises(PayloadInvalid):
            contacts.update_remark(client, "alice", "wm1")
        assert wecom.requests == []


class TestTags:
    def test_all_or_named_tags(self, wecom, client):
        wecom.script(EXTERNAL + "get_corp_tag_list", ok(tag_group=[{"group_id": "g"}]))
        assert tags.get_corp_tags(client) == [{"group_id": "g"}]
        assert last_body(wecom) == {}
        tags.get_corp_tags(client, tag_ids=["t"], group_ids=["g"])
        assert last_body(wecom) == {"tag_id": ["t"], "group_id": ["g"]}

    def test_new_tags_in_a_new_or_an_existing_group(self, wecom, client):
        wecom.script(EXTERNAL + "add_corp_tag", ok(tag_group={"group_id": "g"}))
        assert tags.add_corp_tags(client, [{"name": "Gold"}], group_name="Level", order=3) == {"group_id": "g"}
        assert last_body(wecom) == {"tag": [{"name": "Gold"}], "group_name": "Level", "order": 3}
        tags.add_corp_tags(client, [{"name": "Gold", "order": 1}], group_id="g", group_name="ignored")
        assert last_body(wecom) == {"tag": [{"name": "Gold", "order": 1}], "group_id": "g"}

    def test_lost_tags_are_not_made_twice(self, wecom, client):
        wecom.script(EXTERNAL + "add_corp_tag", NO_ANSWER)
        with pytest.raises(OutcomeUnknown):
            tags.add_corp_tags(client, [{"name": "Gold"}], group_id="g")
        assert len(wecom.calls(EXTERNAL + "add_corp_tag")) == 1

    def test_names_at_thirty_characters_and_orders_at_their_ends_are_accepted(self, wecom, client):
        wecom.script(EXTERNAL + "add_corp_tag", ok(tag_group={}))
        wecom.script(EXTERNAL + "edit_corp_tag", ok())
        tag = {"name": "金" * 30, "order": 2**32 - 1}
        tags.add_corp_tags(client, [tag], group_name="级" * 30, order=0)
        tags.edit_corp_tag(client, "t", name="金" * 30, order=2**32 - 1)
        assert last_body(wecom) == {"id": "t", "name": "金" * 30, "order": 2**32 - 1}

    @pytest.mark.parametrize(
        ("tag_list", "group", "field"),
        [
            ([{"name": "金" * 31}], {"group_id": "g"}, "tag[0].name"),
            ([{"name": "ok"}, {"name": " "}], {"group_id": "g"}, "tag[1].name"),
            ([{"name": "ok", "order": 2**32}], {"group_id": "g"}, "tag[0].order"),
            ([{"name": "ok"}], {"group_name": "级" * 31}, "group_name"),
            ([{"name": "ok"}], {}, "group_name"),
            ([{"name": "ok"}], {"group_name": "g", "order": -1}, "order"),
            ([], {"group_id": "g"}, "tag"),
        ],
    )
    def test_names_and_orders_past_their_limits_are_refused_before_any_call(
        self, wecom, client, tag_list, group, field
    ):
        with pytest.raises(PayloadInvalid) as caught:
            tags.add_corp_tags(client, tag_list, **group)
        assert [problem.field for problem in caught.value.problems] == [field]
        assert wecom.requests == []

    def test_a_new_name_past_thirty_characters_is_refused(self, wecom, client):
        with pytest.raises(PayloadInvalid):
            tags.edit_corp_tag(client, "t", name="金" * 31)
        assert wecom.requests == []

    def test_deleting_and_marking(self, wecom, client):
        wecom.script(EXTERNAL + "del_corp_tag", ok())
        wecom.script(EXTERNAL + "mark_tag", NO_ANSWER, ok())
        tags.delete_corp_tags(client, tag_ids=["t"])
        assert last_body(wecom) == {"tag_id": ["t"]}
        tags.mark_tags(client, "alice", "wm1", add=["t1"], remove=["t2"])
        assert last_body(wecom) == {
            "userid": "alice",
            "external_userid": "wm1",
            "add_tag": ["t1"],
            "remove_tag": ["t2"],
        }
        assert len(wecom.calls(EXTERNAL + "mark_tag")) == 2  # idempotent, so the lost answer was asked for again

    def test_deleting_or_marking_nothing_is_refused(self, wecom, client):
        with pytest.raises(PayloadInvalid):
            tags.delete_corp_tags(client)
        with pytest.raises(PayloadInvalid):
            tags.mark_tags(client, "alice", "wm1")
        assert wecom.requests == []


class TestBroadcasts:
    CANCEL = EXTERNAL + "cancel_groupmsg_send"
    REMIND = EXTERNAL + "remind_groupmsg_send"
    LIST = EXTERNAL + "get_groupmsg_list_v2"

    def test_creating_returns_the_id_and_those_refused_at_once(self, wecom, client):
        wecom.script(EXTERNAL + "add_msg_template", ok(msgid="msg1", fail_list=["wm_bad"]))
        payload = content.broadcast(text="hi", external_userids=["wm1", "wm_bad"])
        created = broadcasts.add_msg_template(client, payload)
        assert (created.msgid, created.fail_list) == ("msg1", ["wm_bad"])
        assert last_body(wecom) == payload

    def test_an_absent_fail_list_is_empty(self, wecom, client):
        wecom.script(EXTERNAL + "add_msg_template", ok(msgid="msg1"))
        payload = content.broadcast(text="hi", external_userids=["wm1"])
        assert broadcasts.add_msg_template(client, payload).fail_list == []

    def test_a_reminder_is_never_sent_twice(self, wecom, client):
        wecom.script(self.REMIND, ok(), refused(41094), NO_ANSWER)
        broadcasts.remind(client, "msg1")
        with pytest.raises(QuotaExceeded):
            broadcasts.remind(client, "msg1")
        with pytest.raises(OutcomeUnknown):
            broadcasts.remind(client, "msg1")
        assert len(wecom.calls(self.REMIND)) == 3

    def test_cancelling_survives_a_lost_answer_and_may_find_it_done(self, wecom, client):
        wecom.script(self.CANCEL, NO_ANSWER, refused(41093))
        broadcasts.cancel(client, "msg1")
        assert len(wecom.calls(self.CANCEL)) == 2
        wecom.script(self.CANCEL, refused(41047))
        with pytest.raises(NotFound):
            broadcasts.cancel(client, "msg1")

    def test_listing_broadcasts_by_page(self, wecom, client):
        wecom.script(self.LIST, ok(group_msg_list=[{"msgid": "1"}], next_cursor="c"), ok(group_msg_list=[]))
        pages = list(broadcasts.iter_broadcasts(client, start_time=0, end_time=10, creator="alice", filter_type=1))
        assert [page.items for page in pages] == [[{"msgid": "1"}], []]
        assert last_body(wecom) == {
            "chat_type": "single",
            "start_time": 0,
            "end_time": 10,
            "filter_type": 1,
            "limit": 100,
            "creator": "alice",
            "cursor": "c",
        }

    @pytest.mark.parametrize(("span", "limit", "accepted"), [(31, 100, True), (0, 1, True)])
    def test_listing_limits_at_the_edge(self, wecom, client, span, limit, accepted):
        wecom.script(self.LIST, ok(group_msg_list=[]))
        assert list(broadcasts.iter_broadcasts(client, start_time=0, end_time=span * 86400, limit=limit))

    @pytest.mark.parametrize(("end_time", "limit"), [(31 * 86400 + 1, 100), (-1, 100), (0, 101), (0, 0)])
    def test_listing_limits_past_the_edge(self, wecom, client, end_time, limit):
        with pytest.raises(PayloadInvalid):
            broadcasts.iter_broadcasts(client, start_time=0, end_time=end_time, limit=limit)
        assert wecom.requests == []

    def test_tasks_and_results_by_page(self, wecom, client):
        wecom.script(EXTERNAL + "get_groupmsg_task", ok(task_list=[{"userid": "alice", "status": 2}]))
        wecom.script(EXTERNAL + "get_groupmsg_send_result", ok(send_list=[{"external_userid": "wm1", "status": 1}]))
        (page,) = broadcasts.iter_tasks(client, "msg1")
        assert page.items == [{"userid": "alice", "status": 2}]
        assert last_body(wecom) == {"msgid": "msg1", "limit": 1000}
        (page,) = broadcasts.iter_send_results(client, "msg1", "alice", cursor="c7")
        assert page.items == [{"external_userid": "wm1", "status": 1}]
        assert last_body(wecom) == {"msgid": "msg1", "userid": "alice", "limit": 1000, "cursor": "c7"}

    @pytest.mark.parametrize("limit", [0, 1001])
    def test_result_pages_past_their_limit(self, wecom, client, limit):
        with pytest.raises(PayloadInvalid):
            broadcasts.iter_tasks(client, "msg1", limit=limit)
        with pytest.raises(PayloadInvalid):
            broadcasts.iter_send_results(client, "msg1", "alice", limit=limit)
        assert wecom.requests == []


def test_a_token_is_fetched_only_when_a_call_is_made(wecom, client):
    assert wecom.calls(GETTOKEN) == []
