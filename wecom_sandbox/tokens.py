"""gettoken and the check of access tokens (wecom-api.md § 2.1)."""

import secrets

from .api import endpoint
from .envelope import ApiError


class Tokens:
    """The tokens issued to the one app of the sandbox, newest last."""

    def __init__(self):
        self._expiry = {}
        self._newest = None

    def issue(self, now, lifetime, same_while_valid):
        """A token and its remaining life in seconds."""
        if same_while_valid and self._newest and self._expiry[self._newest] > now:
            return self._newest, self._expiry[self._newest] - now
        self._newest = secrets.token_urlsafe(96)
        self._expiry[self._newest] = now + lifetime
        return self._newest, lifetime

    def revoke_all(self):
        """Make every token invalid (40014) at once, as the server may do; returns how many there were."""
        count = len(self._expiry)
        self._expiry.clear()
        self._newest = None
        return count

    def check(self, token, now):
        """Raises ApiError 41001, 40014 or 42001 unless ``token`` is good."""
        if not token:
            raise ApiError(41001)
        if token not in self._expiry:
            raise ApiError(40014)
        if self._expiry[token] <= now:
            raise ApiError(42001)


@endpoint("/cgi-bin/gettoken", "GET", needs_token=False, empty={"access_token": "", "expires_in": 0})
def gettoken(call):
    """wecom-api.md § 2.1: the secret is looked for first, the trusted-IP check does not apply."""
    world, now = call.world, call.world.clock.now()
    credentials = world.credentials
    if not call.query.get("corpsecret"):
        raise ApiError(41004)
    if not call.query.get("corpid"):
        raise ApiError(41002)
    if world.limits.is_banned(call.remote_address, now):
        raise ApiError(45009, "too many calls with a wrong secret")
    if call.query["corpid"] != credentials.corp_id:
        raise ApiError(40013)
    if not secrets.compare_digest(call.query["corpsecret"].encode(), credentials.secret.encode()):
        world.limits.count_wrong_secret(call.remote_address, now)
        raise ApiError(40001)
    token, expires_in = world.tokens.issue(now, world.settings.token_lifetime, world.settings.same_token)
    return {"access_token": token, "expires_in": expires_in}
