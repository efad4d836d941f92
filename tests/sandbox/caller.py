"""Someone who calls a sandbox in a test, and the smallest files of each kind he can upload."""

import json
import time

import requests
from moment_files import png

from wecom_sandbox.world import Contact, Follow

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
JPG = b"\xff\xd8\xff\xe0" + b"\0" * 100
MP4 = b"\0\0\0\x18ftypmp42" + b"\0" * 100
AMR = b"#!AMR\n" + b"\0" * 100


class Caller:
    """A caller of one sandbox: its API with a token of its own, and its control surface."""

    def __init__(self, server):
        self.server, self.url, self.world = server, server.url, server.world
        self.http = requests.Session()
        self._token = None

    @property
    def token(self):
        if self._token is None:
            self.sign_in()
        return self._token

    def sign_in(self):
        """Fetch a token, as the first call would do otherwise."""
        credentials = self.control("credentials")
        query = {"corpid": credentials["corp_id"], "corpsecret": credentials["secret"]}
        self._token = self.http.get(f"{self.url}/cgi-bin/gettoken", params=query).json()["access_token"]

    def get(self, path, **query):
        return self.http.get(f"{self.url}/cgi-bin/{path}", params={"access_token": self.token, **query}).json()

    def post(self, path, body=None, **query):
        data = body if isinstance(body, bytes) else json.dumps(body or {}, ensure_ascii=False).encode()
        return self.http.post(
            f"{self.url}/cgi-bin/{path}", data=data, params={"access_token": self.token, **query}
        ).json()

    def contacts(self, path, /, **body):
        return self.post(f"externalcontact/{path}", body)

    def upload(self, data=PNG, kind="image", name="a.png", field="media"):
        files = {field: (name, data)}
        query = {"access_token": self.token, "type": kind}
        return self.http.post(f"{self.url}/cgi-bin/media/upload", params=query, files=files).json()

    def upload_for_moment(self, data=None, kind="image", attachment_type="1"):
        """Upload an attachment of a moment; returns the answer."""
        query = {"access_token": self.token, "media_type": kind, "attachment_type": attachment_type}
        address = f"{self.url}/cgi-bin/media/upload_attachment"
        return self.http.post(address, params=query, files={"media": ("a", png() if data is None else data)}).json()

    def upload_picture(self, data=PNG):
        query = {"access_token": self.token}
        return self.http.post(f"{self.url}/cgi-bin/media/uploadimg", params=query, files={"f": ("a.png", data)}).json()

    def control(self, path, /, **body):
        """GET without a body, POST with one; the answer must be a success."""
        address = f"{self.url}/sandbox/{path}"
        answer = self.http.post(address, json=body) if body else self.http.get(address)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, path, /, **body):
        """POST, with or without a body; the answer must be a success."""
        answer = self.http.post(f"{self.url}/sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def add_member(self, userid):
        self.control("members", userid=userid, name=userid.title())
        return userid

    def add_customer(self, *userids, **values):
        """A customer followed by ``userids``, who chatted with him in this order."""
        follows = values.pop("follows", None) or [
            {"userid": userid, "createtime": 1700000000, "last_chat": 1700000000 + place}
            for place, userid in enumerate(userids)
        ]
        return self.control("customers", name=values.pop("name", "李"), follows=follows, **values)["external_userid"]

    def add_crowd(self, userid, count):
        """Give ``userid`` that many customers, straight into the state; returns their ids."""
        world = self.world
        with world.lock:
            contacts = [world.add_contact(Contact(world.new_id("wm"), f"李{number}")) for number in range(count)]
            for contact in contacts:
                world.add_follow(Follow(world.members[userid], contact, createtime=1700000000))
        return [contact.external_userid for contact in contacts]

    def broadcast(self, *external_userids, dispatched=True, **body):
        """Create a broadcast and let its dispatch end; returns its msgid."""
        body.setdefault("text", {"content": "新品到店"})
        answer = self.contacts("add_msg_template", external_userid=list(external_userids), **body)
        assert answer["errcode"] == 0, answer
        if dispatched:
            self.control("clock", advance=2)
        return answer["msgid"]

    def moment(self, ready=True, **body):
        """Create a moment and let its job and its dispatch end; returns its id (its jobid when not ``ready``)."""
        body.setdefault("text", {"content": "新品到店"})
        answer = self.contacts("add_moment_task", **body)
        assert answer["errcode"] == 0, answer
        if not ready:
            return answer["jobid"]
        self.control("clock", advance=4)
        return self.moment_job(answer["jobid"])["moment_id"]

    def moment_job(self, jobid):
        """The result of a finished job."""
        answer = self.get("externalcontact/get_moment_task_result", jobid=jobid)
        assert (answer["errcode"], answer["status"]) == (0, 3), answer
        return answer["result"]

    def results(self, msgid, userid):
        answer = self.contacts("get_groupmsg_send_result", msgid=msgid, userid=userid)
        assert answer["errcode"] == 0, answer
        return {row["external_userid"]: row["status"] for row in answer["send_list"]}

    def wait_for_events(self):
        """What GET events shows once no event is on its way any more."""
        deadline = time.monotonic() + 20
        while (events := self.control("events"))["pending"]:
            assert time.monotonic() < deadline, events
            time.sleep(0.02)
        return events
