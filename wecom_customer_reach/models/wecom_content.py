import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..wecom_api import content

MAX_TEXT_BYTES = 4000
MAX_ATTACHMENTS = 9

_PERSON_WORD = (
    r"(?:(?:customer|client|contact|user|member|partner|first|last|full|nick|real)[ _.]?)*(?:name|nickname|surname)"
)
_PERSON_WORD_ZH = r"(?:客户|顾客|用户|会员|好友|粉丝|微信|买家)的?(?:昵称|姓名|名字|名称|称呼|备注名?)"
PLACEHOLDERS = re.compile(
    "|".join(
        (
            r"\{\{[^{}\n]{1,80}\}\}",  # {{name}}, {{ object.name }}
            r"\{%[^{}\n]{1,80}%\}",  # {% if name %}
            r"\$\{[^{}\n]{1,80}\}",  # ${name}
            r"%\([A-Za-z_]\w*\)s",  # %(name)s
            r"\*\|[A-Z0-9_:]{1,40}\|\*",  # *|FNAME|*
            r"<t\s+t-(?:out|esc)=",  # QWeb
            rf"%{_PERSON_WORD}%",  # %NAME%
            rf"\{{{_PERSON_WORD}\}}",  # {name}
            rf"\[(?:{_PERSON_WORD_ZH}|(?:customer|first|last|nick)[ _]?name)\]",  # [客户昵称], [first name]
            rf"【{_PERSON_WORD_ZH}】",
            rf"#{_PERSON_WORD_ZH}#",
            rf"<{_PERSON_WORD_ZH}>",
            rf"\{{(?:{_PERSON_WORD_ZH}|昵称|姓名|称呼)\}}",  # {昵称}
        )
    ),
    re.IGNORECASE,
)
"""What templates of other products look like. Ordinary brackets ("[new]", "【通知】", "100%") never match."""


class WecomContent(models.AbstractModel):
    """Text and attachments of something sent through WeCom, checked against its limits (wecom-api.md § 6.2).

    The concrete model declares ``attachment_ids``, a one2many to ``wecom.attachment`` that is not copied: the copies
    are made here, without reading the files.
    """

    _name = "wecom.content"
    _description = "WeCom Content"

    text = fields.Text(help="At most 4000 bytes: about 1,300 Chinese characters. One text for all customers.")
    text_bytes = fields.Integer("Text Size (Bytes)", compute="_compute_text_bytes")
    content_problems = fields.Text(
        compute="_compute_content_problems",
        help="What has to be corrected before this can be sent. It can be saved as it is.",
    )

    @api.depends("text")
    def _compute_text_bytes(self):
        for record in self:
            record.text_bytes = len((record.text or "").encode())

    @api.depends(
        "text",
        "attachment_ids",
        *(
            f"attachment_ids.{name}"
            for name in (
                "kind",
                "title",
                "description",
                "url",
                "appid",
                "page",
                "file",
                "filename",
                "cover",
                "cover_filename",
            )
        ),
    )
    def _compute_content_problems(self):
        for record in self:
            record.content_problems = "\n".join(record._content_problem_list())

    def _content_problem_list(self):
        """Return what keeps this content from being sent, as a list of translated sentences; empty when it is ready."""
        self.ensure_one()
        problems = []
        attachments = self.attachment_ids
        if not (self.text or "").strip() and not attachments:
            problems.append(self.env._("Write a text or add an attachment: there is nothing to send."))
        if self.text:
            problems += [self.env._(problem.message, **problem.values) for problem in content.validate_text(self.text)]
        if len(attachments) > MAX_ATTACHMENTS:
            problems.append(
                self.env._(
                    "At most %(limit)s attachments can be sent; there are %(actual)s.",
                    limit=MAX_ATTACHMENTS,
                    actual=len(attachments),
                )
            )
        for attachment in attachments:
            problems += attachment._problem_list()
        return problems + self._placeholder_problem_list()

    def _placeholder_problem_list(self):
        """Return a sentence when a text holds a placeholder for a name or another value of one customer."""
        texts = [self.text]
        for attachment in self.attachment_ids:
            texts += (attachment.title, attachment.description)
        found = {match.group() for text in texts for match in PLACEHOLDERS.finditer(text or "")}
        if not found:
            return []
        return [
            self.env._(
                "Remove %(placeholders)s: WeCom sends one and the same text to every customer of a broadcast, so a "
                "placeholder would arrive as it stands. Send texts that differ by customer by SMS or e-mail.",
                placeholders=", ".join(sorted(found)),
            )
        ]

    def copy(self, default=None):
        copies = super().copy(default)
        for original, copied in zip(self, copies, strict=True):
            original.attachment_ids._copy_to(copied)
        return copies

    def _check_content_open(self):
        """Raise a UserError when this content can no longer be changed, such as after it was sent."""

    def _check_content(self):
        """Raise a ValidationError that lists every problem of this content."""
        for record in self:
            if problems := record._content_problem_list():
                raise ValidationError(
                    self.env._("Correct this before sending:\n%s", "\n".join(f"- {problem}" for problem in problems))
                )
