import ipaddress
import re
from urllib.parse import urlsplit

from odoo import api, fields, models

from ..wecom_api import limits

LINK = re.compile(r"https?://[!-~]+")
"""WeChat ends a link at the first character that is not ASCII; Odoo's own pattern takes in the Chinese after it."""
CLOSING = ".,;:!?'\")]}>"
CODE_ROOM = "x" * 8
"""Stands for the code of a short link, which is made only when the broadcast is sent."""


def is_public_https(url):
    """Return whether customers can open ``url``: https, and no name or address of a private network."""
    parts = urlsplit(url or "")
    host = parts.hostname or ""
    if parts.scheme != "https" or not host:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan", ".test"))


def find_links(text):
    """Return the addresses in ``text``, each once, the longest first; closing punctuation is no part of them."""
    found = {match.rstrip(CLOSING) for match in LINK.findall(text or "")}
    return sorted((link for link in found if len(link) > len("https://")), key=lambda link: (-len(link), link))


def replace_links(text, replacements):
    """Return ``text`` with each address replaced by ``replacements``, {address: address}, where it stands whole."""

    def replaced(match):
        link = match.group().rstrip(CLOSING)
        return replacements.get(link, link) + match.group()[len(link) :]

    return LINK.sub(replaced, text or "")


class WecomBroadcastLinks(models.Model):
    """Links of a broadcast go out shortened by Odoo's link tracker, with campaign, medium and source.

    It is done once, when the broadcast is planned, so that every batch carries one and the same text.
    """

    _inherit = "wecom.broadcast"

    track_links = fields.Boolean(
        default=True, help="Links are shortened when the broadcast is sent, so that their clicks are counted."
    )
    source_id = fields.Many2one(
        "utm.source", readonly=True, copy=False, index="btree_not_null", ondelete="set null", help="Made when sending."
    )
    sent_text = fields.Text(readonly=True, copy=False, help="The text with the links as they went out.")
    link_message = fields.Char(compute="_compute_link_message")

    @api.depends("track_links", "text", "attachment_ids.url", "planned_at")
    def _compute_link_message(self):
        for broadcast in self:
            untracked = broadcast.track_links and not broadcast.planned_at and broadcast._own_links()
            if not untracked or is_public_https(broadcast.get_base_url()):
                broadcast.link_message = False
            else:
                broadcast.link_message = self.env._(
                    "Clicks will not be counted: customers cannot open %s. An administrator gives this Odoo a public "
                    "https address (system parameter web.base.url).",
                    broadcast.get_base_url(),
                )

    def _own_links(self):
        """Return the addresses in the text and on the link cards, those already shortened left out."""
        self.ensure_one()
        links = find_links(self.text)
        links += [card.url for card in self._link_cards() if card.url.startswith(("http://", "https://"))]
        short = f"{self.get_base_url()}/r/"
        return [link for link in dict.fromkeys(links) if not link.startswith(short)]

    def _link_cards(self):
        return self.attachment_ids.filtered(lambda attachment: attachment.kind == "link" and attachment.url)

    def _tracks_links(self):
        return self.track_links and is_public_https(self.get_base_url())

    def _content_problem_list(self):
        problems = super()._content_problem_list()
        if problems or not self._tracks_links():
            return problems
        short = f"{self.get_base_url()}/r/{CODE_ROOM}"
        size = len(replace_links(self.text, dict.fromkeys(self._own_links(), short)).encode())
        if size > limits.TEXT_BYTES:
            problems.append(
                self.env._(
                    "Shorten the text: with the links replaced by tracked ones it has %(actual)s bytes of %(limit)s. "
                    "Or switch off the counting of clicks.",
                    actual=size,
                    limit=limits.TEXT_BYTES,
                )
            )
        return problems

    def _plan(self):
        unplanned = self.filtered(lambda broadcast: not broadcast.planned_at)
        result = super()._plan()
        for broadcast in unplanned:
            broadcast._prepare_links()
        return result

    def _prepare_links(self):
        """Give this broadcast its source, and its links their short form."""
        broadcast = self.sudo()
        broadcast.source_id = self.env["utm.source"].sudo().create({"name": self.name})
        links = self._own_links()
        if not links or not self._tracks_links():
            return
        short = self._short_links(links, self._channel_medium("wecom"))
        broadcast.sent_text = replace_links(self.text, short)
        for card in self._link_cards():
            card.sudo().tracked_url = short.get(card.url, False)

    @api.model
    def _channel_medium(self, channel):
        """Return the utm medium of a channel, ``wecom``, ``sms`` or ``email``; those of Odoo's own apps first."""
        media = self.env["utm.medium"].sudo()
        if channel == "email":
            return media._fetch_or_create_utm_medium("email")
        if channel == "sms" and (sms := self.env.ref("mass_mailing_sms.utm_medium_sms", raise_if_not_found=False)):
            return sms
        name = {"wecom": "WeCom", "sms": "SMS"}[channel]
        return media._fetch_or_create_utm_medium(name, module="wecom_customer_reach")

    def _tracker_values(self, medium):
        """Return what a tracked link of this broadcast carries."""
        return {
            "campaign_id": self.campaign_id.id,
            "medium_id": medium.id,
            "source_id": self.source_id.id,
            "title": self.name,  # or the tracker would fetch each page to see its title
        }

    def _short_links(self, links, medium):
        """Return {address: tracked short address} of ``links``."""
        values = self._tracker_values(medium)
        trackers = self.env["link.tracker"].sudo().search_or_create([dict(values, url=link) for link in links])
        return {link: tracker.short_url for link, tracker in zip(links, trackers, strict=True)}
