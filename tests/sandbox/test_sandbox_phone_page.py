import re

import pytest

SCRIPTS = ["phone.js", "member_phone.js", "member_moments.js", "customer_phone.js", "customer_moments.js"]
SCRIPTS += ["page.js", "messages.js", "moments.js", "words.js"]
FILES = ["", "phone.css", "moments.css", *SCRIPTS]


@pytest.mark.parametrize("name", FILES)
def test_the_page_loads_nothing_from_elsewhere(sandbox, name):
    answer = sandbox.http.get(f"{sandbox.url}/{name}")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert re.findall(r"""(?:src|href)=["'](?!/|data:)|@import|url\(|from ["'](?!\./)""", answer.text) == []


def test_the_page_has_every_word_in_both_languages(sandbox):
    source = sandbox.http.get(f"{sandbox.url}/words.js").text
    english, chinese = re.findall(r"^  (?:en|zh): \{\n(.*?)^  \},$", source, re.MULTILINE | re.DOTALL)

    def words(text):
        return {
            key: set(re.findall(r"\{(\w+)\}", value)) for key, value in re.findall(r"^    (\w+): (.*),$", text, re.M)
        }

    assert words(english) == words(chinese) and len(words(english)) > 30
    page = sandbox.http.get(f"{sandbox.url}/").text
    scripts = "".join(sandbox.http.get(f"{sandbox.url}/{name}").text for name in SCRIPTS)
    used = set(re.findall(r'data-word="(\w+)"', page)) | set(re.findall(r'word\("(\w+)"', scripts))
    assert used and used <= set(words(english))


def test_a_member_sees_what_waits_with_its_files(sandbox, alice):
    customer = sandbox.add_customer("alice")
    media_id = sandbox.upload(b"%PDF-1.4 x", "file", "手册.pdf")["media_id"]
    attachment = {"msgtype": "file", "file": {"media_id": media_id}}
    msgid = sandbox.broadcast(customer, attachments=[attachment])
    assert sandbox.control("members")["members"] == [{"userid": "alice", "name": "Alice", "waiting": 1, "moments": 0}]
    (task,) = sandbox.control("members/alice")["waiting"]
    shown = {"msgtype": "file", "file": {"media_id": media_id, "filename": "手册.pdf", "size": 10}}
    assert (task["msgid"], task["recipients"], task["attachments"]) == (msgid, 1, [shown])
    sandbox.control("members/alice/confirm", msgid=msgid)
    assert sandbox.control("members/alice")["waiting"] == []
    assert sandbox.control(f"customers/{customer}")["inbox"][0]["attachments"] == [shown]


def test_the_media_shown_cannot_run_as_a_page(sandbox):
    evil = sandbox.upload(b"<script>alert(1)</script>", "file", "a.html")["media_id"]
    answer = sandbox.http.get(f"{sandbox.url}/sandbox/media/{evil}")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    picture = sandbox.upload()["media_id"]
    assert sandbox.http.get(f"{sandbox.url}/sandbox/media/{picture}").headers["Content-Type"] == "image/png"


def test_the_overview_is_what_the_bar_shows(sandbox):
    overview = sandbox.control("overview")
    assert (overview["scenario"], overview["corp_name"]) == ("empty", "公司")
    assert overview["now"] == pytest.approx(sandbox.control("clock")["now"], abs=2)
