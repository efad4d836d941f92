"""A broadcast as WeCom lists it, read into what a record keeps; whatever does not make sense is left out (§ 6.5)."""

from dataclasses import dataclass, field

from .epoch import from_epoch

KINDS = ("image", "link", "miniprogram", "video", "file")
LATEST_TIME = 4102444800  # 2100-01-01: later times are no times
NAME_LENGTH = 60
PERSONAL = 1


def words(text):
    """Return the text without regard to white space, which a platform may trim or write in its own way."""
    return (text or "").split()


def beginning(text):
    """Return the beginning of the first line of ``text`` that says something, "" when there is none."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= NAME_LENGTH else f"{line[: NAME_LENGTH - 1]}…"


@dataclass(frozen=True)
class FoundBroadcast:
    """``creator`` is the member's userid in lower case, "" for one made through the API; times are naive UTC."""

    msgid: str
    creator: str
    personal: bool
    created_at: object
    text: str
    attachments: list = field(default_factory=list)

    @property
    def name(self):
        """The beginning of the text's first line, "" when there is no text."""
        return beginning(self.text)


def read_entry(entry):
    """Return the FoundBroadcast of one entry of ``group_msg_list``; None without an id or a time."""
    if not isinstance(entry, dict):
        return None
    msgid, created = _text(entry.get("msgid")), entry.get("create_time")
    if not msgid or not isinstance(created, int) or not 0 < created < LATEST_TIME:
        return None
    creator = _text(entry.get("creator")).lower()
    return FoundBroadcast(
        msgid=msgid,
        creator=creator,
        personal=entry.get("create_type") == PERSONAL,
        created_at=from_epoch(created),
        text=_text(_part(entry, "text").get("content")),
        attachments=_attachments(entry.get("attachments")),
    )


def _attachments(given):
    """Return values of ``wecom.attachment`` for each attachment that can be read; files stay in WeCom."""
    values = []
    for sequence, attachment in enumerate(given if isinstance(given, list) else ()):
        kind = attachment.get("msgtype") if isinstance(attachment, dict) else None
        if kind not in KINDS:
            continue
        part = _part(attachment, kind)
        values.append(
            {
                "sequence": sequence,
                "kind": kind,
                "title": _text(part.get("title")),
                "description": _text(part.get("desc")),
                "url": _text(part.get("url")),
                "appid": _text(part.get("appid")),
                "page": _text(part.get("page")),
            }
        )
    return values


def _part(container, name):
    part = container.get(name)
    return part if isinstance(part, dict) else {}


def _text(value):
    """Return a string PostgreSQL can keep; "" for anything else."""
    return value.replace("\x00", "") if isinstance(value, str) else ""
