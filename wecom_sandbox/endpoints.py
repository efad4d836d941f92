"""The whole API: loading this module enters the endpoints of every family into the table."""

from . import app_messages, broadcasts, contacts, identifiers, media, members, moments, tags, tokens, welcome
from .api import ENDPOINTS

FAMILIES = (tokens, members, contacts, identifiers, tags, broadcasts, moments, welcome, app_messages, media)

__all__ = ["ENDPOINTS", "FAMILIES"]
