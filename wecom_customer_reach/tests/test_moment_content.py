import base64
import struct
from io import BytesIO

from PIL import Image

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..wecom_api.media_headers import picture_size
from .broadcast_common import png
from .moment_common import MomentCase

MEGABYTE = 1024 * 1024


def picture(width, height, kind="PNG", mode="RGB"):
    """Return a picture as base64 bytes."""
    data = BytesIO()
    Image.new(mode, (width, height), 1).save(data, kind)
    return base64.b64encode(data.getvalue())


def video(seconds, pad=0):
    """Return an MP4 of one video track, ``seconds`` long, as base64 bytes."""

    def box(kind, *parts):
        body = b"".join(parts)
        return struct.pack(">I", len(body) + 8) + kind + body

    mvhd = box(b"mvhd", bytes(12), struct.pack(">II", 1000, int(seconds * 1000)), bytes(80))
    handler = box(b"hdlr", bytes(8), b"vide", bytes(13))
    header = box(b"tkhd", bytes(76), struct.pack(">II", 640 << 16, 480 << 16))
    media = box(b"mdhd", bytes(12), struct.pack(">II", 1000, int(seconds * 1000)), bytes(4))
    track = box(b"trak", header, box(b"mdia", media, handler))
    data = box(b"ftyp", b"isom", bytes(4), b"isommp42") + box(b"moov", mvhd, track) + box(b"mdat", bytes(pad))
    return base64.b64encode(data)


@tagged("post_install", "-at_install")
class TestMomentContent(MomentCase):
    """Every limit of § 7.1 and 8.2, at the edge and past it, told while the moment is written."""

    def film(self, data):
        return fields.Command.create({"kind": "video", "file": data, "filename": "tea.mp4"})

    def card(self, **values):
        values = {"url": "https://tea.example/", "cover": png(), "cover_filename": "tea.png", **values}
        return fields.Command.create({"kind": "link", **values})

    def problems(self, **values):
        return self.moment(**values).content_problems

    def test_texts(self):
        for text, fits in (("x" * 2000, True), ("x" * 2001, False), ("茶" * 1333, True), ("茶" * 1334, False)):
            with self.subTest(text=text[:1], length=len(text)):
                self.assertEqual(not self.problems(text=text), fits)
        self.assertTrue(self.problems(text=" "))
        self.assertFalse(self.problems(text=False, attachment_ids=[self.picture(png())]))
        self.assertIn("{{name}}", self.problems(text="Dear {{name}}"))

    def test_pictures(self):
        self.assertFalse(self.problems(attachment_ids=[self.picture(png())] * 9))
        self.assertIn("9", self.problems(attachment_ids=[self.picture(png())] * 10))
        for width, height, fits in ((1080, 10800, True), (10800, 1080, True), (1081, 1081, False), (10801, 5, False)):
            with self.subTest(width=width, height=height):
                moment = self.moment(attachment_ids=[self.picture(picture(width, height))])
                self.assertEqual((not moment.content_problems, moment.oversize_count), (fits, not fits))
        too_heavy = base64.b64encode(base64.b64decode(png()) + bytes(10 * MEGABYTE))
        self.assertIn("10", self.problems(attachment_ids=[self.picture(too_heavy)]))
        self.assertTrue(self.problems(attachment_ids=[self.picture(base64.b64encode(b"GIF89a" + bytes(90)))]))

    def test_videos(self):
        for seconds, fits in ((30, True), (30.1, False)):
            with self.subTest(seconds=seconds):
                problems = self.problems(kind="video", attachment_ids=[self.film(video(seconds))])
                self.assertEqual(not problems, fits, problems)
        self.corp.moment_video_preset = "2020"
        for seconds, fits in ((15, True), (15.1, False)):
            with self.subTest(seconds=seconds, preset="2020"):
                problems = self.problems(kind="video", attachment_ids=[self.film(video(seconds))])
                self.assertEqual(not problems, fits, problems)
        self.assertTrue(self.problems(kind="video", attachment_ids=[self.film(video(5))] * 2))
        self.assertTrue(self.problems(kind="video", attachment_ids=[self.film(video(5, pad=10 * MEGABYTE))]))

    def test_links(self):
        for title, fits in (("x" * 64, True), ("x" * 65, False), ("茶" * 42, True), ("茶" * 43, False), (False, True)):
            with self.subTest(title=title):
                problems = self.problems(kind="link", attachment_ids=[self.card(title=title)])
                self.assertEqual(not problems, fits, problems)
        self.assertTrue(self.problems(kind="link", attachment_ids=[self.card(url="tea.example")]))
        self.assertTrue(self.problems(kind="link", attachment_ids=[self.card(cover=False)]))
        self.assertTrue(self.problems(kind="link", attachment_ids=[self.card()] * 2))

    def test_kinds_exclude_each_other(self):
        mixed = [self.picture(png()), self.card()]
        self.assertIn("exclude", self.problems(attachment_ids=mixed))
        self.assertTrue(self.problems(kind="video", attachment_ids=[self.picture(png())]), "not what the switch says")
        wrong = fields.Command.create({"kind": "file", "file": png(), "filename": "tea.pdf"})
        self.assertTrue(self.problems(attachment_ids=[wrong]))
        with self.assertRaises(ValidationError):
            self.add_customer(self.anna)
            self.moment(attachment_ids=mixed).action_publish()

    def test_it_is_told_while_editing(self):
        with Form(self.moment()) as form:
            form.text = "x" * 2001
            self.assertIn("2001", form.content_problems)
            form.text = "x"
            self.assertFalse(form.content_problems)

    def test_large_pictures_are_scaled_down_with_consent(self):
        moment = self.moment(
            attachment_ids=[
                self.picture(picture(3000, 2000, "JPEG"), "tea.jpg"),
                self.picture(picture(1500, 1500, mode="RGBA")),
                self.picture(picture(100, 12000)),
                self.picture(png()),
            ]
        )
        self.assertEqual(moment.oversize_count, 3)
        untouched = moment.attachment_ids[3].file
        moment.action_scale_pictures()
        self.assertFalse(moment.content_problems)
        sizes = [picture_size(base64.b64decode(attachment.file)) for attachment in moment.attachment_ids]
        self.assertEqual(sizes, [(1620, 1080), (1080, 1080), (90, 10800), (1, 1)])
        self.assertEqual(moment.attachment_ids[3].file, untouched)
        moment.sudo().state = "waiting"
        with self.assertRaises(UserError):
            moment.action_scale_pictures()

    def test_everything_arrives(self):
        customer = self.add_customer(self.anna)
        for values in (
            {"attachment_ids": [self.picture(png(), f"{number}.png") for number in range(9)]},
            {"kind": "video", "attachment_ids": [self.film(video(5))]},
            {"kind": "link", "attachment_ids": [self.card(title="New teas")]},
        ):
            with self.subTest(kind=values.get("kind")):
                moment = self.published(**values)
                self.assertEqual(moment.state, "waiting", moment.error_message)
                self.publishes(self.anna, moment)
        seen = self.sandbox.get(f"/sandbox/customers/{customer.external_userid}/moments")["moments"]
        self.assertEqual([len(moment["attachments"]) for moment in seen], [1, 1, 9])
