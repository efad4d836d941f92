"""What happens on the other side: members, customers, the clock and faults, through the sandbox's control surface."""

from typing import Any

import requests


class SandboxControl:
    """Calls ``/sandbox/…`` of a running sandbox; a refused control input fails the test."""

    def __init__(self, url: str):
        self._url = url

    def get(self, path: str, /) -> Any:
        return self._answer(requests.get(f"{self._url}/sandbox/{path}", timeout=10))

    def post(self, path: str, /, **values: Any) -> Any:
        return self._answer(requests.post(f"{self._url}/sandbox/{path}", json=values, timeout=10))

    def add_members(self, *userids: str) -> None:
        for userid in userids:
            self.post("members", userid=userid, name=userid.title())

    def add_customer(self, name: str, *userids: str, **values: Any) -> str:
        """Add a customer whom ``userids`` follow; return his external_userid."""
        follows = [{"userid": userid, "last_chat": number} for number, userid in enumerate(userids)]
        return self.post("customers", name=name, follows=follows, **values)["external_userid"]

    def advance(self, seconds: int) -> None:
        self.post("clock", advance=seconds)

    def fault(self, path: str, kind: str, **values: Any) -> None:
        self.post("faults", path=path, kind=kind, **values)

    def calls(self, path: str) -> list[dict[str, Any]]:
        return self.get(f"calls?limit=1000&path={path}")["calls"]

    @staticmethod
    def _answer(response: requests.Response) -> Any:
        assert response.ok, response.text
        return response.json()
