from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .broadcast_common import UPLOAD, BroadcastCase, png


@tagged("post_install", "-at_install")
class TestMaterial(BroadcastCase):
    """Saving a content in the library, finding it, inserting it elsewhere."""

    def material(self, user=None, **values):
        return (
            self.env["wecom.material"]
            .with_user(user or self.manager)
            .create({"name": "New Year", "text": "Happy New Year", "company_id": self.company.id, **values})
        )

    def insert(self, broadcast, material, **values):
        """Insert as the user of ``broadcast`` does: button, form, Insert."""
        action = broadcast.action_insert_material()
        wizard = Form(broadcast.env[action["res_model"]].with_context(**action["context"]))
        wizard.material_id = material
        for name, value in values.items():
            setattr(wizard, name, value)
        record = wizard.save()
        record.action_insert()
        return record

    def saved(self, broadcast):
        action = broadcast.action_save_as_material()
        return broadcast.env["wecom.material"].browse(action["res_id"])

    def test_save_then_insert_in_another_broadcast(self):
        broadcast = self.broadcast(
            attachment_ids=[
                (0, 0, {"kind": "image", "file": png(), "filename": "a.png", "sequence": 2}),
                (0, 0, {"kind": "link", "title": "Shop", "url": "https://shop.example.com/", "sequence": 1}),
            ]
        )
        material = self.saved(broadcast)
        self.assertEqual((material.name, material.text), (broadcast.name, broadcast.text))
        self.assertEqual(material.user_id, self.manager)
        self.assertFalse(material.is_shared, "a person decides to share it")
        other = self.broadcast(text="Before", attachment_ids=[(0, 0, {"kind": "image", "file": png(2)})])
        self.insert(other, material)
        self.assertEqual(other.text, f"Before\n\n{broadcast.text}")
        self.assertEqual(other.attachment_ids.sorted().mapped("kind"), ["image", "link", "image"])
        self.assertEqual(other.attachment_ids.sorted()[2].file, png())
        self.assertEqual((material.use_count, bool(material.last_used_at)), (1, True))
        self.insert(other, material, mode="replace")
        self.assertEqual(other.text, broadcast.text)
        self.assertEqual(other.attachment_ids.sorted().mapped("kind"), ["link", "image"])
        self.assertEqual(material.use_count, 1, "one broadcast, however often it was inserted there")
        opened = self.env["wecom.broadcast"].with_user(self.manager).search(material.action_view_broadcasts()["domain"])
        self.assertEqual(opened, other, "the number opens what it counts")
        other.attachment_ids.unlink()
        self.assertEqual(len(material.attachment_ids), 2, "the library keeps its own")

    def test_every_kind_of_attachment(self):
        kinds = [
            {"kind": "image", "file": png(), "filename": "a.png"},
            {"kind": "link", "title": "Shop", "url": "https://shop.example.com/", "cover": png(3)},
            {"kind": "miniprogram", "title": "Shop", "appid": "wx1", "page": "p.html", "cover": png(4)},
            {"kind": "video", "file": png(5), "filename": "a.mp4"},
            {"kind": "file", "file": png(6), "filename": "a.pdf"},
        ]
        material = self.material(attachment_ids=[(0, 0, dict(vals, sequence=n)) for n, vals in enumerate(kinds)])
        broadcast = self.broadcast(text=False)
        self.insert(broadcast, material)
        names = ["kind", "title", "url", "appid", "page", "file", "filename", "cover"]

        def rows(records):
            return [{name: row[name] for name in names} for row in records.sorted().read(names)]

        self.assertEqual(rows(broadcast.attachment_ids), rows(material.attachment_ids))

    def test_says_what_exceeds_the_limits(self):
        images = [(0, 0, {"kind": "image", "file": png()}) for _number in range(5)]
        material = self.material(text="字" * 800, attachment_ids=images)
        broadcast = self.broadcast(text="文" * 800, attachment_ids=images)
        context = broadcast.action_insert_material()["context"]
        wizard = Form(broadcast.env["wecom.material.insert"].with_context(**context))
        wizard.material_id = material
        self.assertIn("4802 bytes; 4000 are allowed", wizard.limit_problems)
        self.assertIn("10 attachments; 9 are allowed", wizard.limit_problems)
        wizard.mode = "replace"
        self.assertFalse(wizard.limit_problems)
        wizard.mode = "append"
        wizard.save().action_insert()
        self.assertEqual(len(broadcast.attachment_ids), 10, "nothing is lost: it is shortened by a person")
        with self.assertRaisesRegex(UserError, "At most 9"):
            broadcast.action_send()

    def test_sent_content_stays(self):
        self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            broadcast.action_insert_material()
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            self.material()._insert_into(broadcast, replace=True)
        self.assertEqual(broadcast.text, "We are closed for two weeks.")

    def test_search_narrows_by_category_favourite_and_text(self):
        category = self.env["wecom.material.category"].create({"name": "Seasons", "company_id": self.company.id})
        liked = self.material(text="Spring is here", category_id=category.id)
        other = self.material(name="Opening hours")
        liked.action_toggle_favorite()
        broadcast = self.broadcast()
        context = broadcast.action_insert_material()["context"]
        wizard = Form(broadcast.env["wecom.material.insert"].with_context(**context))
        Material = self.env["wecom.material"].with_user(self.manager)
        self.assertEqual(Material.search(wizard.material_domain), liked | other)
        self.assertEqual([row[0] for row in Material.name_search("spring is")], liked.ids)
        wizard.material_id = other
        wizard.only_favorites = True
        self.assertEqual(Material.search(wizard.material_domain), liked)
        self.assertFalse(wizard.material_id)
        wizard.material_id = liked
        wizard.category_id = category
        self.assertEqual(wizard.material_id, liked)
        self.assertEqual(wizard.text, "Spring is here")
        self.assertFalse(liked.with_user(self.seller).sudo().is_favorite, "each user has his own favourites")
        self.assertTrue(Material.search([("is_favorite", "=", False)]) >= other)
        self.assertNotIn(liked, Material.search([("is_favorite", "=", False)]))

    def test_own_and_shared(self):
        private = self.material(attachment_ids=[(0, 0, {"kind": "image", "file": png()})])
        shared = self.material(is_shared=True, attachment_ids=[(0, 0, {"kind": "image", "file": png(2)})])
        Material = self.env["wecom.material"].with_user(self.seller)
        self.assertEqual(Material.search([("company_id", "=", self.company.id)]), shared)
        with self.assertRaises(AccessError):
            private.with_user(self.seller).read(["text"])
        with self.assertRaises(AccessError):
            private.attachment_ids.with_user(self.seller).read(["kind"])
        theirs = shared.with_user(self.seller)
        for change in (
            lambda: theirs.write({"text": "Other"}),
            lambda: theirs.unlink(),
            lambda: theirs.attachment_ids.unlink(),
            lambda: theirs.write({"attachment_ids": [(0, 0, {"kind": "image"})]}),
            lambda: self.env["wecom.attachment"].with_user(self.seller).create({"material_id": shared.id}),
        ):
            with self.assertRaises(AccessError):
                change()
        theirs.action_toggle_favorite()
        self.assertTrue(theirs.is_favorite)
        self.anna.user_id = self.seller
        broadcast = self.broadcast().with_user(self.seller)
        with self.assertRaises(AccessError):
            theirs._insert_into(broadcast, replace=True)
        mine = self.env["wecom.broadcast"].with_user(self.seller).create({"name": "Mine", "corp_id": self.corp.id})
        self.insert(mine, theirs)
        self.assertEqual(mine.attachment_ids.file, png(2))
        with self.assertRaises(AccessError):
            private.with_user(self.seller)._insert_into(mine, replace=False)
        own = self.material(user=self.seller)
        own.text = "Mine to change"
        shared.with_user(self.manager).text = "Curated by a manager"

    def test_other_companies_see_nothing(self):
        shared = self.material(is_shared=True)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.add_user("material_elsewhere", "wecom_customer_reach.group_wecom_administrator")
        stranger.write({"company_ids": [(6, 0, elsewhere.ids)], "company_id": elsewhere.id})
        self.assertNotIn(shared, self.env["wecom.material"].with_user(stranger).search([]))
        outsider = self.add_user("material_outsider", "base.group_user")
        for model in ("wecom.material", "wecom.material.category"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(outsider).search([])
        with self.assertRaises(AccessError):
            self.env["wecom.material.category"].with_user(self.seller).create({"name": "Mine"})

    def test_one_file_is_uploaded_once(self):
        self.add_customer(self.anna)
        material = self.material(attachment_ids=[(0, 0, {"kind": "image", "file": png(), "filename": "a.png"})])
        first, second = self.broadcast(text="One"), self.broadcast(text="Two")
        for broadcast in (first, second):
            self.insert(broadcast, material)
            broadcast.action_send()
        self.send()
        self.assertEqual(self.sandbox.calls(UPLOAD), 1)
        self.assertEqual(len(self.sandbox.broadcasts()), 2)

    def test_new_broadcast_from_the_library(self):
        material = self.material(attachment_ids=[(0, 0, {"kind": "image", "file": png()})])
        broadcast = self.env["wecom.broadcast"].browse(material.action_use_in_broadcast()["res_id"])
        self.assertEqual((broadcast.state, broadcast.text), ("draft", "Happy New Year"))
        self.assertEqual(broadcast.attachment_ids.file, png())


@tagged("post_install", "-at_install")
class TestBroadcastCopy(BroadcastCase):
    """A copy takes over everything that counts, and nothing of the course."""

    def test_content_audience_and_sender_but_no_course(self):
        self.add_customer(self.anna)
        tag = self.env["wecom.tag"].create(
            {
                "name": "Gold",
                "group_id": self.env["wecom.tag.group"]
                .create({"name": "Level", "corp_id": self.corp.id, "external_id": "g1"})
                .id,
                "external_id": "t1",
                "corp_id": self.corp.id,
            }
        )
        original = self.sent_broadcast(
            tag_none_ids=tag.ids,
            member_ids=self.anna.ids,
            sender_policy="last",
            attachment_ids=[(0, 0, {"kind": "image", "file": png(), "filename": "a.png"})],
        )
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(original)
        original.action_archive()
        copy = self.env["wecom.broadcast"].with_user(self.manager).browse(original.action_duplicate()["res_id"])
        for name in ("text", "partner_domain", "tag_none_ids", "member_ids", "sender_policy", "corp_id"):
            self.assertEqual(copy[name], original[name], name)
        self.assertEqual(copy.name, "Closed for two weeks (copy)")
        self.assertEqual((copy.state, copy.active), ("draft", True))
        for name in ("sending_at", "planned_at", "sent_at", "final_at", "batch_ids", "task_ids", "recipient_ids"):
            self.assertFalse(copy[name], name)
        self.assertEqual(copy.attachment_ids.file, png())
        self.assertTrue(copy.attachment_ids.thumbnail)

    def test_files_are_neither_read_nor_stored_twice(self):
        original = self.broadcast(attachment_ids=[(0, 0, {"kind": "image", "file": png(), "filename": "a.png"})])
        files = self.env["ir.attachment"].search(
            [
                ("res_model", "=", "wecom.attachment"),
                ("res_field", "=", "file"),
                ("res_id", "=", original.attachment_ids.id),
            ]
        )
        path = files._full_path(files.store_fname)
        before = open(path, "rb").read()
        self.addCleanup(lambda: open(path, "wb").write(before))
        open(path, "wb").close()  # whoever reads the file now gets nothing
        self.env.invalidate_all()
        copy = original.copy()
        copied = self.env["ir.attachment"].search(
            [
                ("res_model", "=", "wecom.attachment"),
                ("res_field", "=", "file"),
                ("res_id", "=", copy.attachment_ids.id),
            ]
        )
        self.assertEqual((copied.store_fname, copied.file_size), (files.store_fname, len(before)))
        original.attachment_ids.unlink()
        self.assertTrue(copied.exists())
