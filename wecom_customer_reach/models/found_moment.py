"""A moment as WeCom lists it, read into what a record keeps; whatever does not make sense is left out (§ 7.4)."""

from dataclasses import dataclass, field

from .epoch import from_epoch
from .found_broadcast import LATEST_TIME, PERSONAL, beginning


@dataclass(frozen=True)
class FoundMoment:
    """``creator`` is the member's userid in lower case, "" for one made through the API; times are naive UTC.

    ``attachments``: values of ``wecom.attachment``; their files are still in WeCom, under ``moment_media_id``.
    """

    moment_id: str
    creator: str
    personal: bool
    created_at: object
    text: str
    attachments: list = field(default_factory=list)

    @property
    def name(self):
        """The beginning of the text's first line, "" when there is no text."""
        return beginning(self.text)

    @property
    def kind(self):
        """What it shows: image, video or link."""
        return self.attachments[0]["kind"] if self.attachments else "image"


def read_moment(entry):
    """Return the FoundMoment of one entry of ``moment_list``; None without an id or a time."""
    if not isinstance(entry, dict):
        return None
    moment_id, created = _text(entry.get("moment_id")), entry.get("create_time")
    if not moment_id or not isinstance(created, int) or not 0 < created < LATEST_TIME:
        return None
    return FoundMoment(
        moment_id=moment_id,
        creator=_text(entry.get("creator")).lower(),
        personal=entry.get("create_type") == PERSONAL,
        created_at=from_epoch(created),
        text=_text(_part(entry, "text").get("content")),
        attachments=_attachments(entry),
    )


def _attachments(entry):
    images = entry.get("image")
    values = [
        {"kind": "image", "sequence": number, "filename": f"{number}.jpg", "moment_media_id": media_id}
        for number, image in enumerate(images if isinstance(images, list) else (), 1)
        if isinstance(image, dict) and (media_id := _text(image.get("media_id")))
    ]
    if media_id := _text(_part(entry, "video").get("media_id")):
        values.append({"kind": "video", "filename": "video.mp4", "moment_media_id": media_id})
    link = _part(entry, "link")
    if url := _text(link.get("url")):
        media_id = _text(link.get("media_id")) or False
        values.append({"kind": "link", "title": _text(link.get("title")), "url": url, "moment_media_id": media_id})
    return values


def _part(entry, name):
    part = entry.get(name)
    return part if isinstance(part, dict) else {}


def _text(value):
    return value if isinstance(value, str) else ""
