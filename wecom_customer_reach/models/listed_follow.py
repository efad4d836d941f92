"""What WeCom tells of one follow, as the tables hold it. Source: wecom-api.md § 4.3, 4.4."""

import hashlib
import json
import marshal

CONTACT_TYPES = {1: "wechat", 2: "wecom"}
GENDERS = {1: "male", 2: "female"}

CONTACT_TEXTS = (
    ("avatar_url", "avatar"),
    ("unionid", "unionid"),
    ("position", "position"),
    ("corp_name", "corp_name"),
)
FOLLOW_TEXTS = (
    ("remark", "remark"),
    ("description", "description"),
    ("remark_corp_name", "remark_corp_name"),
    ("channel", "state"),
    ("operator_userid", "oper_userid"),
)
as_json = json.JSONEncoder(ensure_ascii=False).encode
MARSHAL_VERSION = 2
"""The last format that depends on the values alone, not on how Python holds them in memory."""


class ListedFollow:
    """One item of batch/get_by_user (wecom-api.md § 4.4), and a hash of all it says.

    Where an argument is ``member_ids``, it is {userid in lower case: member id} of the members asked for.
    """

    __slots__ = ("_item", "_row", "row_hash")

    def __init__(self, item):
        self._item, self._row = item, None
        self.row_hash = hashlib.blake2b(marshal.dumps(item, MARSHAL_VERSION), digest_size=8).hexdigest()

    @classmethod
    def read_alone(cls, external_contact, follow_user):
        """Return one of ``follow_user`` of externalcontact/get (§ 4.3) as the listing shows it.

        Without a hash: an equal listing is not recognised by it, so the next one is compared value by value.
        """
        tag_ids = [tag["tag_id"] for tag in follow_user.get("tags") or () if tag.get("tag_id")]
        listed = cls({"external_contact": external_contact, "follow_info": {**follow_user, "tag_id": tag_ids}})
        listed.row_hash = None
        return listed

    def key(self, member_ids):
        """Return (member id, external_userid), or None when the member was not asked for."""
        # Member ids are not case-sensitive (wecom-api.md § 1.4).
        member_id = member_ids.get(self._item["follow_info"]["userid"].lower())
        return member_id and (member_id, self.external_userid)

    @property
    def external_userid(self):
        """WeCom's id of the contact."""
        return self._item["external_contact"]["external_userid"]

    @property
    def tag_ids(self):
        """The external ids of the tags."""
        return self._item["follow_info"].get("tag_id") or ()

    def row(self, member_ids):
        """Return the values as the tables hold them, as JSON, without those that are empty or absent."""
        if self._row is None:
            self._row = as_json(self._values(*self.key(member_ids)))
        return self._row

    def _values(self, member_id, external_userid):
        contact, follow = self._item["external_contact"], self._item["follow_info"]
        values = {
            "member_id": member_id,
            "external_userid": external_userid,
            "name": _text(contact.get("name")) or external_userid,
            "contact_type": CONTACT_TYPES.get(contact.get("type"), "wechat"),
            "createtime": follow.get("createtime"),
            "row_hash": self.row_hash,
        }
        for source, texts in ((contact, CONTACT_TEXTS), (follow, FOLLOW_TEXTS)):
            for name, key in texts:
                if text := source.get(key):
                    values[name] = _text(text)
        if gender := GENDERS.get(contact.get("gender")):
            values["gender"] = gender
        if mobiles := follow.get("remark_mobiles"):
            values["remark_mobiles"] = _text(",".join(mobiles))
        if (add_way := follow.get("add_way")) is not None:
            values["add_way"] = str(add_way)
        if self.tag_ids:
            values["tag_ids"] = self.tag_ids
        return values


def _text(value):
    """Return the text without the null character, which PostgreSQL cannot hold; None for an empty one."""
    return value and (value.replace("\0", "") if "\0" in value else value).strip() or None
