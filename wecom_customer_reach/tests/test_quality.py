import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import BaseCase, tagged

from ..models import link_check
from ..models.quality_rules import (
    NEAR_SAME,
    QUALITY_RULES,
    SCREEN_LINES,
    SCREEN_WIDTH,
    Draft,
    find_all,
    screen_lines,
    similarity,
)
from .broadcast_common import BroadcastCase, png

SHOP = "https://shop.example.com/sale"


class Pages(BaseHTTPRequestHandler):
    """Pages that answer as real ones do; ``asked`` keeps the requests."""

    asked: list = []

    def do_HEAD(self):
        self._answer(with_head=True)

    def do_GET(self):
        self._answer(with_head=False)

    def _answer(self, with_head):
        self.asked.append((self.command, self.path))
        status, location = {
            "/ok": (200, None),
            "/no-head": (405 if with_head else 200, None),
            "/head-is-not-found": (404 if with_head else 200, None),
            "/gone": (404, None),
            "/broken": (500, None),
            "/login": (403, None),
            "/moved": (302, "/ok"),
            "/moved-to-gone": (301, "/gone"),
            "/loop": (302, "/loop"),
            "/inside": (302, "http://10.0.0.1/admin"),
        }.get(self.path, (404, None))
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        """Say nothing."""


class PagesCase:
    """A web server on this machine, which the guard would refuse; a test that needs it open says so."""

    def serve(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        Pages.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def let_this_machine_pass(self):
        guard = link_check.is_public_address
        self.patch(link_check, "is_public_address", lambda address: address == "127.0.0.1" or guard(address))


@tagged("post_install", "-at_install")
class TestLinkCheck(PagesCase, BaseCase):
    """Links are opened as customers would open them, and never on a private network."""

    def test_which_addresses_are_public(self):
        for address in ("8.8.8.8", "2001:4860:4860::8888", "172.15.255.255", "172.32.0.0"):
            self.assertTrue(link_check.is_public_address(address), address)
        for address in (
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1%eth0",
            "fd00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
        ):
            self.assertFalse(link_check.is_public_address(address), address)

    def test_private_addresses_are_never_asked(self):
        pages = self.serve()
        port = pages.rpartition(":")[2]
        links = [f"{pages}/ok", f"http://localhost:{port}/ok", f"http://[::ffff:127.0.0.1]:{port}/ok"]
        self.assertEqual(set(link_check.check_links(links).values()), {"private"})
        self.assertFalse(Pages.asked)

    def test_pages(self):
        pages = self.serve()
        self.let_this_machine_pass()
        expected = {
            "/ok": "",
            "/no-head": "",
            "/head-is-not-found": "",
            "/login": "",
            "/moved": "",
            "/gone": "404",
            "/broken": "500",
            "/moved-to-gone": "404",
            "/loop": "redirects",
            "/inside": "private",
        }
        found = link_check.check_links([f"{pages}{path}" for path in expected])
        self.assertEqual({link.removeprefix(pages): problem for link, problem in found.items()}, expected)

    def test_what_is_no_page(self):
        self.let_this_machine_pass()
        for link in ("http://127.0.0.1:1/", "http://no-such-host.invalid/", "http://127.0.0.1:99999/", "ftp://a.b/"):
            self.assertEqual(link_check.check_links([link]), {link: "unreachable"})

    def test_who_keeps_waiting_is_left(self):
        pages = self.serve()
        self.let_this_machine_pass()
        self.patch(link_check, "BUDGET", 0)
        link = f"{pages}/ok"
        self.assertIn(link_check.check_links([link])[link], ("slow", ""))

    def test_no_more_links_than_the_limit(self):
        links = [f"http://127.0.0.1/{number}" for number in range(link_check.MAX_LINKS + 1)]
        self.assertEqual(list(link_check.check_links(links)), links[:-1])


@tagged("post_install", "-at_install")
class TestQualityRules(BaseCase):
    """Each rule at and past its edge."""

    def codes(self, **values):
        draft = Draft(**{"text": "Hello", "has_picture": True, **values})
        return [finding["code"] for finding in find_all(draft)]

    def test_nothing_to_say(self):
        self.assertEqual(self.codes(), [])

    def test_long_texts(self):
        line = "长" * SCREEN_WIDTH
        self.assertEqual(screen_lines(line), 1)
        self.assertEqual(screen_lines(line + "长"), 2)
        self.assertEqual(screen_lines("a" * 2 * SCREEN_WIDTH), 1)
        self.assertEqual(self.codes(text="\n".join([line] * SCREEN_LINES)), [])
        self.assertEqual(self.codes(text="\n".join([line] * SCREEN_LINES) + "\nx"), ["too_long"])

    def test_pictures(self):
        self.assertEqual(self.codes(has_picture=False), ["no_picture"])
        self.assertEqual(self.codes(has_picture=False, is_marketing=False), [])

    def test_links(self):
        self.assertEqual(self.codes(links=(SHOP,)), ["unchecked_link"])
        self.assertEqual(self.codes(links=(SHOP,), link_problems={SHOP: ""}), [])
        self.assertEqual(self.codes(links=(SHOP,), link_problems={SHOP: "404"}), ["dead_link"])
        self.assertEqual(
            self.codes(links=(SHOP,), link_problems={"https://other.example.com": "404"}), ["unchecked_link"]
        )
        for link in ("http://shop.example.com", "https://192.168.0.1/x", "https://shop.local/x"):
            self.assertEqual(self.codes(links=(link,), link_problems={link: ""}), ["not_https"], link)

    def test_unfinished_texts(self):
        for text in (
            "XXX yuan off",
            "TODO: price",
            "价格待定",
            "X月X日开业",
            "尊敬的某某",
            "原价____元",
            "【】开业",
            "see [ ]",
            "{{name}}",
            "${name}",
            "Lorem ipsum dolor",
        ):
            self.assertEqual(self.codes(text=text), ["unfinished"], text)
        for text in (
            "【通知】5月1日开业",
            "Size XXL",
            "XXXL shirts",
            "[new] arrivals",
            "método",
            "todo el mundo",
            "100 %",
        ):
            self.assertEqual(self.codes(text=text), [], text)
        self.assertEqual(self.codes(other_texts=("TBD",)), ["unfinished"], "titles of cards as well")

    def test_watched_words(self):
        self.assertEqual(self.codes(text="The BEST price", watched_words=("best", "cheapest")), ["watched_word"])
        self.assertEqual(self.codes(text="The good price", watched_words=("best",)), [])

    def test_frequency(self):
        self.assertEqual(self.codes(campaign_count=7, campaign_limit=8), [])
        self.assertEqual(self.codes(campaign_count=8, campaign_limit=8), ["too_frequent"])
        self.assertEqual(self.codes(campaign_count=8, campaign_limit=0), [])
        self.assertEqual(self.codes(campaign_count=8, campaign_limit=8, is_marketing=False), [])

    def test_likeness(self):
        text = "五一三天，全场八折！到店或在小程序下单都可以，欢迎带朋友来。"
        self.assertEqual(similarity(text, text), 1)
        self.assertGreaterEqual(similarity(text, text.replace("！", "!") + " https://a.example/1"), NEAR_SAME - 0.1)
        self.assertGreaterEqual(similarity(text * 3, text * 3 + "谢谢"), NEAR_SAME)
        self.assertLess(similarity(text, "秋季新色已到店，凭会员码可先试后买。"), 0.2)
        self.assertEqual((similarity("", ""), similarity("好", "好"), similarity("好", "坏")), (0, 1, 0))

    def test_rules_have_words_and_an_order(self):
        codes = [rule.code for rule in QUALITY_RULES]
        self.assertEqual(len(set(codes)), len(codes))
        severities = [rule.severity for rule in QUALITY_RULES]
        self.assertEqual(severities, sorted(severities, reverse=True), "warnings stand before hints")
        for rule in QUALITY_RULES:
            self.assertTrue(rule.message and rule.remedy, rule.code)


@tagged("post_install", "-at_install")
class TestQuality(PagesCase, BroadcastCase):
    """What the marketer is warned of before sending; nothing is blocked by it."""

    def setUp(self):
        super().setUp()
        self.customer = self.add_customer(self.anna)

    def picture(self):
        return [(0, 0, {"kind": "image", "file": png(), "filename": "a.png"})]

    def test_warnings_block_nothing_and_are_kept(self):
        self.corp.watched_words = "best price\n\nfree "
        broadcast = self.broadcast(text="TODO: the Best Price is free")
        self.assertIn("The text looks unfinished: TODO.", broadcast.quality_warnings)
        self.assertIn("Words of your own list: best price, free.", broadcast.quality_warnings)
        self.assertIn("There is no picture", broadcast.quality_hints)
        shown = broadcast.quality_warnings
        broadcast.action_send()
        self.send()
        self.assertEqual(broadcast.state, "running")
        self.corp.watched_words = False
        self.assertEqual(broadcast.quality_warnings, shown, "kept as it was when it was planned")
        with self.assertRaises(AccessError):
            broadcast.quality_report = []

    def test_a_good_broadcast_has_no_words(self):
        broadcast = self.broadcast(attachment_ids=self.picture())
        self.assertEqual((broadcast.quality_warnings, broadcast.quality_hints), (False, False))

    def test_links_are_opened_on_demand(self):
        pages = self.serve()
        self.let_this_machine_pass()
        broadcast = self.broadcast(
            text=f"看 {pages}/gone 谢谢",
            attachment_ids=[(0, 0, {"kind": "link", "title": "Shop", "url": f"{pages}/ok", "cover": png()})],
        )
        self.assertIn(f"Nobody has looked whether {pages}/gone, {pages}/ok opens.", broadcast.quality_hints)
        broadcast.action_check_links()
        self.assertIn(f"Customers cannot open {pages}/gone (404).", broadcast.quality_warnings)
        self.assertFalse(broadcast.quality_hints)
        broadcast.text = f"看 {pages}/other"
        self.assertIn(f"Nobody has looked whether {pages}/other opens.", broadcast.quality_hints)
        sent = self.sent_broadcast()
        with self.assertRaisesRegex(UserError, "has been sent"):
            sent.action_check_links()

    def test_nearly_the_same_to_the_same_customers(self):
        earlier = self.sent_broadcast(name="Spring", text="五一三天，全场八折，到店或在小程序下单都可以。")
        again = self.broadcast(name="Again", text="五一三天，全场八折，到店或在小程序下单都可以！")
        self.assertIn("1 of these customers got nearly the same text", again.quality_warnings)
        self.assertIn("(Spring)", again.quality_warnings)
        again.partner_domain = repr([("id", "=", self.add_partner("Another").id)])
        self.assertFalse(again.quality_warnings, "nobody of these got it")
        other = self.broadcast(text="秋季新色已到店，凭会员码可先试后买。")
        self.assertFalse(other.quality_warnings)
        again.partner_domain = repr([("id", "=", self.customer.partner_id.id)])
        earlier.sudo().sending_at = fields.Datetime.now() - timedelta(days=31)
        again.invalidate_recordset()
        self.assertFalse(again.quality_warnings, "too long ago")

    def test_the_title_of_others_is_not_told(self):
        self.sent_broadcast(name="Secret", text="五一三天，全场八折，到店或在小程序下单都可以。")
        self.anna.user_id = self.seller
        own = self.env["wecom.broadcast"].with_user(self.seller)
        own = own.create(
            {
                "name": "Mine",
                "corp_id": self.corp.id,
                "partner_domain": repr([("category_id", "in", self.category.ids)]),
                "text": "五一三天，全场八折，到店或在小程序下单都可以。",
            }
        )
        self.assertIn("(another broadcast)", own.quality_warnings)
        self.assertNotIn("Secret", own.quality_warnings)

    def test_campaigns_of_the_month(self):
        self.corp.campaigns_per_month = 2
        for number, text in enumerate(("Spring is here", "秋季新色已到店")):
            self.assertFalse(self.broadcast(text=text).quality_warnings, number)
            self.sent_broadcast(text=text + str(number))
        third = self.broadcast(text="冬天来了，注意保暖")
        self.assertIn("This would be campaign number 3 of the month; your limit is 2.", third.quality_warnings)
        third.scheduled_at = fields.Datetime.now() + timedelta(days=40)
        self.assertFalse(third.quality_warnings, "the month of its time counts")
        third.write({"scheduled_at": False, "message_class": "notice"})
        self.assertFalse(third.quality_warnings, "a notice is no campaign")

    def test_statements_do_not_grow_with_the_audience(self):
        text = "五一三天，全场八折，到店或在小程序下单都可以。"
        earlier = self.sent_broadcast(text=text)
        again = self.broadcast(text=text)

        def statements():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertTrue(again.quality_warnings)
            return self.env.cr.sql_log_count - before

        statements()
        few = statements()
        contacts = [self.add_customer(self.bruno) for _number in range(20)]
        self.env["wecom.broadcast.recipient"].create(
            [
                {
                    "broadcast_id": earlier.id,
                    "partner_id": contact.partner_id.id,
                    "contact_id": contact.id,
                    "external_userid": contact.external_userid,
                    "state": "sent",
                }
                for contact in contacts
            ]
        )
        statements()  # making customers has emptied caches of the registry
        self.assertLessEqual(statements(), few)
        self.assertIn("21 of these customers", again.quality_warnings)
