"""What `make test` refuses in a translation."""

import polib
import pytest

from dev import translations


@pytest.mark.parametrize(
    ("source", "translation", "accepted"),
    [
        ("%(sent)s of %(total)s delivered", "共 %(total)s，已送达 %(sent)s", True),
        ("%(sent)s of %(total)s delivered", "已送达 %(send)s / %(total)s", False),
        ("%s (copy)", "副本", False),
        ("Take <i>Send</i>", "执行<i>发送</i>", True),
        ("Take <i>Send</i>", "执行<i>发送", False),
    ],
)
def test_a_translation_keeps_the_placeholders_and_tags_of_its_source(source, translation, accepted):
    file = polib.POFile()
    file.append(polib.POEntry(msgid=source, msgstr=translation))
    assert translations.mismatched(file) == ([] if accepted else [source])
