"""Odoo's JSON-RPC door, as any program outside Odoo uses it."""

import json
import urllib.error
import urllib.request


class RemoteError(Exception):
    """Odoo refused a call; the text is what it told the user."""


class Odoo:
    """A signed-in user of one database. Every method call is one HTTP request and one transaction."""

    def __init__(self, url: str, database: str, login: str = "admin", password: str = "admin", timeout: float = 600):
        self.url, self.database, self.password, self.timeout = url, database, password, timeout
        self.user_id = self.request("common", "login", database, login, password)
        if not self.user_id:
            raise RemoteError(f"Odoo refused the login {login!r} on {database}")

    def request(self, service: str, method: str, *arguments):
        """Call a method of one of Odoo's RPC services; raises ``RemoteError``."""
        parameters = {"service": service, "method": method, "args": arguments}
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": parameters, "id": 1}).encode()
        request = urllib.request.Request(f"{self.url}/jsonrpc", body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as response:
                answer = json.load(response)
        except urllib.error.URLError as error:
            raise RemoteError(f"Odoo at {self.url} does not answer: {error.reason}") from error
        if "error" in answer:
            data = answer["error"].get("data", {})
            raise RemoteError(data.get("message") or answer["error"]["message"])
        return answer.get("result")

    def call(self, model: str, method: str, *arguments, **keywords):
        """Call ``method`` of ``model``; for methods on records the first argument is the list of ids."""
        credentials = (self.database, self.user_id, self.password)
        return self.request("object", "execute_kw", *credentials, model, method, arguments, keywords)
