"""WeCom server API client in plain Python: no Odoo in here. Source of all facts: wecom-api.md."""

from . import broadcasts, contacts, content, errors, media, members, messages, moment_content, moments, tags
from .client import WeComClient
from .crypto import CryptoError, WeComCrypto
from .paging import Page
from .retry import CallKind
from .tokens import MemoryTokenStore, TokenStore

__all__ = [
    "CallKind",
    "CryptoError",
    "MemoryTokenStore",
    "Page",
    "TokenStore",
    "WeComClient",
    "WeComCrypto",
    "broadcasts",
    "contacts",
    "content",
    "errors",
    "media",
    "members",
    "messages",
    "moment_content",
    "moments",
    "tags",
]
