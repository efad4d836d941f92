"""What a user of the sandbox may change while it runs."""

import ipaddress
from dataclasses import asdict, dataclass, field, replace

from .checks import ControlError, in_range, read, strings

MOMENT_CAP_RULES = ("off", "current", "2020")
CAP_RULES = ("month_days", "per_week", "per_day", "per_month")
LONGEST = 10 * 365 * 86400


@dataclass(frozen=True)
class Settings:
    """Rules of this WeCom corp that differ between corps or over time; seconds where a duration is meant."""

    dispatch_delay: int = 2
    cap_rule: str = "month_days"
    moment_job_delay: int = 2
    moment_job_errcode: int | None = None
    moment_jobs_at_once: int = 100
    moments_per_minute: int | None = 10
    moment_cap_rule: str = "off"
    trusted_ips: tuple | None = None
    token_lifetime: int = 7200
    same_token: bool = True
    rate_limit_per_minute: int | None = 10_000
    rate_limit_per_hour: int | None = 150_000
    visible_userids: tuple | None = None
    usage_userids: tuple | None = None
    app_allowed: bool = True
    omit_final_cursor: bool = False
    short_pages: bool = False
    visible_lower: frozenset | None = field(default=None, repr=False)
    usage_lower: frozenset | None = field(default=None, repr=False)

    def as_dict(self):
        """The settings as the control surface shows them."""
        values = asdict(self)
        del values["visible_lower"], values["usage_lower"]
        return values


_TYPES = {
    "dispatch_delay": int,
    "cap_rule": str,
    "moment_job_delay": int,
    "moment_job_errcode": int,
    "moment_jobs_at_once": int,
    "moments_per_minute": int,
    "moment_cap_rule": str,
    "trusted_ips": list,
    "token_lifetime": int,
    "same_token": bool,
    "rate_limit_per_minute": int,
    "rate_limit_per_hour": int,
    "visible_userids": list,
    "usage_userids": list,
    "app_allowed": bool,
    "omit_final_cursor": bool,
    "short_pages": bool,
}
_NULLABLE = {
    *("trusted_ips", "visible_userids", "usage_userids", "rate_limit_per_minute", "rate_limit_per_hour"),
    *("moments_per_minute", "moment_job_errcode"),
}
_RANGES = {"visible_userids": "visible_lower", "usage_userids": "usage_lower"}
_LOWEST = {"dispatch_delay": 0, "moment_job_delay": 0, "token_lifetime": 1}


def changed(settings, data):
    """A copy of ``settings`` with the members of ``data``; raises ControlError and changes nothing when one is bad."""
    values = {
        name: value for name, value in read(data, **{k: (t, None) for k, t in _TYPES.items()}).items() if name in data
    }
    for name, value in values.items():
        if value is None and name not in _NULLABLE:
            raise ControlError(f"{name!r} must not be null")
        if value is not None:
            values[name] = _checked(name, value)
    for name in _RANGES.keys() & values:
        userids = values[name]
        values[_RANGES[name]] = None if userids is None else frozenset(userid.lower() for userid in userids)
    return replace(settings, **values)


def _checked(name, value):
    if name == "cap_rule" and value not in CAP_RULES:
        raise ControlError(f"'cap_rule' must be one of {', '.join(CAP_RULES)}")
    if name == "moment_cap_rule" and value not in MOMENT_CAP_RULES:
        raise ControlError(f"'moment_cap_rule' must be one of {', '.join(MOMENT_CAP_RULES)}")
    if name == "moment_job_errcode" and value == 0:
        raise ControlError("'moment_job_errcode' must not be 0, which means success")
    if name in _LOWEST:
        return in_range(value, name, _LOWEST[name], LONGEST)
    if name.startswith("rate_limit") or name in ("moments_per_minute", "moment_jobs_at_once"):
        return in_range(value, name, 0, 1_000_000_000)
    if name == "trusted_ips":
        return _networks(value)
    if name in _RANGES:
        return tuple(strings(value, name))
    return value


def _networks(addresses):
    for address in strings(addresses, "trusted_ips"):
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError as error:
            raise ControlError(f"'trusted_ips': {address!r} is no IP address or network") from error
    return tuple(addresses)


def is_trusted(settings, address):
    """Whether calls from ``address`` pass the trusted-IP check (wecom-api.md § 1.5)."""
    if settings.trusted_ips is None:
        return True
    caller = ipaddress.ip_address(address)
    return any(caller in ipaddress.ip_network(trusted, strict=False) for trusted in settings.trusted_ips)
