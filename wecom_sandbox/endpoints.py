"""The whole API: loading this module enters the endpoints of every family into the table."""

from . import broadcasts, contacts, media, members, tags, tokens, welcome
from .api import ENDPOINTS

FAMILIES = (tokens, members, contacts, tags, broadcasts, welcome, media)

__all__ = ["ENDPOINTS", "FAMILIES"]
