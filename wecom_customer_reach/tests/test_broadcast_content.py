from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from .broadcast_common import UPLOAD, BroadcastCase, mp4, png


@tagged("post_install", "-at_install")
class TestBroadcastContent(BroadcastCase):
    """What can be sent, said before it is sent; the draft is never lost."""

    def assert_problem(self, sentence, **values):
        broadcast = self.broadcast(**values)
        self.assertRegex(broadcast.content_problems, sentence)
        with self.assertRaisesRegex(ValidationError, sentence):
            broadcast.action_send()
        with self.assertRaisesRegex(ValidationError, sentence):
            broadcast.scheduled_at = fields.Datetime.now() + timedelta(days=1)
            broadcast.action_schedule()
        self.assertEqual(broadcast.state, "draft")

    def attachment(self, **values):
        return {"attachment_ids": [(0, 0, values)]}

    def test_text_to_the_last_byte(self):
        fits = "广" * 1333 + "a"
        broadcast = self.broadcast(text=fits)
        self.assertEqual(broadcast.text_bytes, 4000)
        self.assertFalse(broadcast.content_problems)
        self.assert_problem("4000 bytes", text=fits + "a")

    def test_nothing_to_send(self):
        self.assert_problem("nothing to send", text=False)
        self.assert_problem("nothing to send", text="  \n")

    def test_number_of_attachments(self):
        images = [(0, 0, {"kind": "image", "file": png()}) for _each in range(10)]
        self.assertFalse(self.broadcast(attachment_ids=images[:9]).content_problems)
        self.assert_problem("At most 9 attachments", attachment_ids=images)

    def test_what_is_missing(self):
        self.assert_problem("Choose the file", **self.attachment(kind="image"))
        self.assert_problem("Choose the file", **self.attachment(kind="video"))
        self.assert_problem("Choose the cover", **self.attachment(kind="miniprogram", title="a", appid="w", page="p"))
        self.assert_problem("(?i)page", **self.attachment(kind="miniprogram", title="a", appid="w", cover=png()))
        self.assert_problem("(?i)title", **self.attachment(kind="link", url="https://shop.example"))
        self.assert_problem("(?i)address|url", **self.attachment(kind="link", title="Shop"))
        self.assert_problem("https://", **self.attachment(kind="link", title="Shop", url="shop.example"))

    def test_limits_of_cards(self):
        link = {"kind": "link", "url": "https://shop.example"}
        self.assertFalse(self.broadcast(**self.attachment(**link, title="t" * 128)).content_problems)
        self.assert_problem("128", **self.attachment(**link, title="t" * 129))
        self.assert_problem("512", **self.attachment(**link, title="t", description="d" * 513))
        self.assert_problem("2048", **self.attachment(kind="link", title="t", url="https://shop.example/" + "u" * 2048))
        card = {"kind": "miniprogram", "appid": "wx1", "page": "p", "cover": png()}
        self.assertFalse(self.broadcast(**self.attachment(**card, title="t" * 64)).content_problems)
        self.assert_problem("64", **self.attachment(**card, title="t" * 65))

    def test_wrong_files(self):
        self.assert_problem("(?i)jpg|jpeg|png", **self.attachment(kind="image", file=mp4(), filename="film.png"))
        self.assert_problem("(?i)mp4", **self.attachment(kind="video", file=png(), filename="film.mp4"))

    def test_problems_show_while_editing(self):
        with Form(self.broadcast(text="Good")) as form:
            self.assertFalse(form.content_problems)
            form.text = "Dear {{name}}"
            self.assertIn("{{name}}", form.content_problems)

    def test_placeholders_are_refused_with_the_reason(self):
        for text in (
            "Dear {{name}}",
            "Dear {{ object.partner_id.name }}",
            "Dear ${name}",
            "Dear %NAME%",
            "Dear %first_name%",
            "Dear {name}",
            "Dear {Customer Name}",
            "Dear %(name)s",
            "Dear *|FNAME|*",
            "Dear [first name]",
            "{% if vip %}Hi{% endif %}",
            '<t t-out="object.name"/>',
            "亲爱的[客户昵称]",
            "亲爱的【客户姓名】",
            "亲爱的{昵称}",
            "亲爱的#会员姓名#",
        ):
            with self.subTest(text=text):
                self.assert_problem("one and the same text", text=text)
        self.assert_problem(
            "one and the same text", **self.attachment(kind="link", url="https://shop.example", title="For {{name}}")
        )

    def test_ordinary_brackets_are_no_placeholders(self):
        for text in (
            "Sale {today only} [new] (really)",
            "50%OFF on 20% of all",
            "100% wool, 100 % cotton",
            "【通知】本店暂停营业",
            "请回复【姓名】+【电话】",
            "Reply with [name] and [size]",
            "#双十一# starts now",
            "https://shop.example/?q=%E4%BD%A0%E5%A5%BD%20name%20",
            "$5 {} {{}} [] <3",
            "f(x) = {x | x > 0}",
        ):
            with self.subTest(text=text):
                self.assertFalse(self.broadcast(text=text).content_problems)


@tagged("post_install", "-at_install")
class TestBroadcastMedia(BroadcastCase):
    """Uploads are made once and renewed in time."""

    def send_picture(self, **values):
        return self.sent_broadcast(
            attachment_ids=[(0, 0, {"kind": "image", "file": png(3), "filename": "a.png", **values})]
        )

    def test_one_upload_serves_many_broadcasts(self):
        self.patch(type(self.env["wecom.broadcast.batch"]), "_slice_size", 1)
        self.add_customer(self.anna)
        self.add_customer(self.anna)
        self.send_picture()
        self.send_picture()
        self.assertEqual(self.sandbox.calls(UPLOAD), 1)
        self.send_picture(filename="b.png")
        self.assertEqual(self.sandbox.calls(UPLOAD), 2, "receivers see the name")

    def test_renewed_shortly_before_the_end(self):
        customer = self.add_customer(self.anna)
        self.send_picture()
        media = self.env["wecom.media"].search([("corp_id", "=", self.corp.id)])
        before = media.media_id
        left = media.expires_at - fields.Datetime.now()
        self.assertGreater(left, timedelta(days=2, hours=23))
        self.assertLessEqual(left, timedelta(days=3))
        media.expires_at = fields.Datetime.now() + timedelta(minutes=59)
        self.sandbox.post("/sandbox/clock", advance=3 * 86400 + 1)
        broadcast = self.send_picture()
        self.assertNotEqual(media.media_id, before)
        self.assertEqual(broadcast.batch_ids.state, "created", broadcast.batch_ids.error_message)
        self.sandbox.post("/sandbox/members/confirm_all")
        self.assertEqual(len(self.sandbox.received(customer.external_userid)), 2)

    def test_clean_up(self):
        values = {"corp_id": self.corp.id, "media_type": "image", "filename": "a.png"}
        now = fields.Datetime.now()
        old, fresh, permanent = self.env["wecom.media"].create(
            [
                {**values, "checksum": "1", "expires_at": now - timedelta(minutes=1)},
                {**values, "checksum": "2", "expires_at": now + timedelta(days=1)},
                {**values, "checksum": "3", "media_type": "image_url", "url": "https://p.example/0"},
            ]
        )
        self.run_action("ir_cron_clean_up_media")
        self.assertEqual((old | fresh | permanent).exists(), fresh | permanent)
