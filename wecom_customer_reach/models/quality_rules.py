"""What a marketer should look at before sending: one ordered table of rules, read by the screen and the tests.

A rule only warns; nothing is blocked by it. ``find`` gets a :class:`Draft` and returns the values of the message, or
None when there is nothing to say. No rule touches the database or the network.
"""

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from ..wecom_api.translate import _
from .wecom_broadcast_links import is_public_https

SCREEN_LINES, SCREEN_WIDTH = 22, 17
"""About what a phone shows of one message: lines, and Chinese characters in a line."""
SHINGLE = 4
NEAR_SAME = 0.8
"""Share of common pieces of ``SHINGLE`` characters from which on two texts say nearly the same."""
UNFINISHED = re.compile(
    r"(?<![A-Za-z])[Xx]{3,}(?![A-Za-z])|[Xx]{1,2}(?=[年月日元])|\b(?:TODO|TBD|FIXME)\b|待定|待补|待填|某某|_{3,}"
    r"|【\s*】|\[\s*\]|（\s*）|\(\s*\)|\{\{|\$\{|(?i:lorem ipsum)"
)
LINK = re.compile(r"https?://[!-~]+")


@dataclass(frozen=True)
class Draft:
    """What the rules look at; ``link_problems``: {link: what is wrong, empty when it opens} of links opened before."""

    text: str = ""
    other_texts: tuple = ()
    links: tuple = ()
    has_picture: bool = False
    is_marketing: bool = True
    watched_words: tuple = ()
    link_problems: dict = field(default_factory=dict)
    similar: dict | None = None
    campaign_count: int = 0
    campaign_limit: int = 0

    @property
    def whole_text(self):
        return "\n".join((self.text, *self.other_texts))


@dataclass(frozen=True)
class QualityRule:
    """``code`` is stored; ``message`` (the reason) and ``remedy`` are shown, translated then, with the values found."""

    code: str
    severity: str
    message: str
    remedy: str
    find: Callable


def screen_lines(text):
    """Return about how many lines of a phone ``text`` takes."""
    return sum(max(1, math.ceil(_width(line) / SCREEN_WIDTH)) for line in text.strip().splitlines())


def _width(line):
    return sum(1 if unicodedata.east_asian_width(character) in "WFA" else 0.5 for character in line)


def similarity(one, other):
    """Return how much two texts have in common, from 0 to 1; links, white space and case aside."""
    pieces = _pieces(one), _pieces(other)
    return len(pieces[0] & pieces[1]) / len(pieces[0] | pieces[1]) if all(pieces) else 0.0


def _pieces(text):
    words = re.sub(r"\s+", "", LINK.sub("", text or "")).casefold()
    return {words[start : start + SHINGLE] for start in range(max(1, len(words) - SHINGLE + 1))} if words else set()


def _too_long(draft):
    lines = screen_lines(draft.text)
    return {"lines": lines, "limit": SCREEN_LINES} if lines > SCREEN_LINES else None


def _listed(found):
    return {"what": ", ".join(found)} if found else None


def _watched(draft):
    text = draft.whole_text.casefold()
    return _listed([word for word in draft.watched_words if word.casefold() in text])


def _dead(draft):
    found = [[link, draft.link_problems[link]] for link in draft.links if draft.link_problems.get(link)]
    return {"what": found} if found else None


def _frequent(draft):
    number = draft.campaign_count + 1
    if not draft.is_marketing or not draft.campaign_limit or number <= draft.campaign_limit:
        return None
    return {"number": number, "limit": draft.campaign_limit}


WARNING, HINT = "warning", "hint"
QUALITY_RULES = (
    QualityRule(
        "unfinished",
        WARNING,
        _("The text looks unfinished: %(what)s."),
        _("Fill it in before sending."),
        lambda draft: _listed(list(dict.fromkeys(UNFINISHED.findall(draft.whole_text)))),
    ),
    QualityRule(
        "dead_link",
        WARNING,
        _("Customers cannot open %(what)s."),
        _("Correct the link, or check again when the page is there."),
        _dead,
    ),
    QualityRule(
        "not_https",
        WARNING,
        _("Not a public https address: %(what)s."),
        _("WeChat warns of such pages or does not open them. Use an https address that customers can reach."),
        lambda draft: _listed([link for link in draft.links if not is_public_https(link)]),
    ),
    QualityRule(
        "watched_word",
        WARNING,
        _("Words of your own list: %(what)s."),
        _("Write it differently, or make sure that it may be said."),
        _watched,
    ),
    QualityRule(
        "similar",
        WARNING,
        _("%(count)s of these customers got nearly the same text on %(date)s (%(name)s)."),
        _("Say something new, or leave these customers out."),
        lambda draft: draft.similar,
    ),
    QualityRule(
        "too_frequent",
        WARNING,
        _("This would be campaign number %(number)s of the month; your limit is %(limit)s."),
        _("Too many messages annoy customers. Wait for the next month, or join two campaigns."),
        _frequent,
    ),
    QualityRule(
        "too_long",
        HINT,
        _("The text takes about %(lines)s lines; a phone shows about %(limit)s at once."),
        _("Shorten it, or put the details behind a link."),
        _too_long,
    ),
    QualityRule(
        "no_picture",
        HINT,
        _("There is no picture, video or card with a picture."),
        _("A picture or a card is looked at more often than text alone."),
        lambda draft: {} if draft.is_marketing and draft.text.strip() and not draft.has_picture else None,
    ),
    QualityRule(
        "unchecked_link",
        HINT,
        _("Nobody has looked whether %(what)s opens."),
        _("Press Check links."),
        lambda draft: _listed([link for link in draft.links if link not in draft.link_problems]),
    ),
)


def find_all(draft):
    """Return what the rules find, in their order: dicts of code, severity and values, fit for JSON."""
    found = ((rule, rule.find(draft)) for rule in QUALITY_RULES)
    return [
        {"code": rule.code, "severity": rule.severity, "values": values} for rule, values in found if values is not None
    ]
