"""SIP addresses (RFC 3261 section 20.10) as people and numbers."""

from __future__ import annotations

import re
from urllib.parse import unquote

from telephony.call import Caller

_NAME_ADDR = re.compile(
    r'^\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^<"]*?))\s*<(?P<uri>[^>]*)>'
)
_USER = re.compile(r"^(?:sips?|tel):(?P<user>[^@;?]+)(?:@|;|\?|$)", re.IGNORECASE)
_NUMBER = re.compile(r"^\+?[0-9]{2,20}$")
_VISUAL = re.compile(r"[-.() ]")  # RFC 3966 section 5.1.1: separators without meaning


def user_of(uri: str) -> str:
    """The user part of a ``sip:``, ``sips:`` or ``tel:`` URI, unescaped; empty if it has none."""
    match = _USER.match(uri)
    if not match:
        return ""
    # "user:password" is deprecated but legal
    return unquote(match["user"].split(":", 1)[0])


def parse_caller(header: str) -> Caller:
    """Read a From-like header value, quoted names and bare URIs alike.

    Never raises: what cannot be read becomes the URI as it stands, shortened
    to 256 characters.
    """
    match = _NAME_ADDR.match(header)
    if match:
        raw_name = match["quoted"] if match["quoted"] is not None else match["token"]
        name = re.sub(r"\\(.)", r"\1", raw_name or "").strip()
        uri = match["uri"].strip()
    else:
        name, uri = "", header.split(";", 1)[0].strip()
    number = _VISUAL.sub("", user_of(uri))
    printable = "".join(c for c in name if c.isprintable())
    return Caller(
        uri=uri[:256], name=printable[:80], number=number if _NUMBER.match(number) else None
    )
