"""Whose memory it is.

Memory belongs to a caller *and* an agent, and is never shared across either. A caller is a
telephone number in E.164, a SIP identity, or a room user. Who withholds his identity has memory for
the call only.

The network's word for who calls is all there is: a number can be forged where a trunk does not
check it. What is remembered must therefore never be proof of who speaks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import phonenumbers

from telephony.call import Caller, CallInfo, Medium
from telephony.sip.addresses import user_of

_WITHHELD: Final = frozenset(
    "anonymous unavailable unknown restricted private withheld nobody none".split()
)
_HOST: Final = re.compile(r"@(?P<host>\[[^\]]+\]|[^:;?>]+)")


@dataclass(frozen=True, slots=True)
class CallerKey:
    """A caller of an agent: the profile's name, and the caller as a URI such as ``tel:+49…``."""

    agent: str
    caller: str

    def __str__(self) -> str:
        return self.caller


def key_of(info: CallInfo, agent: str, region: str = "") -> CallerKey | None:
    """Whose memory the call is to use; None where the caller withholds who he is.

    Args:
        info: The call.
        agent: The profile's name.
        region: ISO 3166 code of the country whose national numbers callers may show
            (``"DE"`` reads 030 … as +49 30 …); empty for none.
    """
    caller = info.caller
    identity = _room_user(caller) if info.medium is Medium.WEB else _sip_identity(caller, region)
    return CallerKey(agent, identity) if identity else None


def named(text: str, region: str = "") -> str:
    """A caller as people write him on a command line, as a key's ``caller``.

    Numbers may have spaces and dashes; ``sip:`` and ``web:`` addresses are taken as they are.
    """
    stripped = text.strip()
    if ":" in stripped:
        scheme, _, rest = stripped.partition(":")
        return f"{scheme.lower()}:{rest}"
    return _e164(stripped, region) or (f"sip:{stripped.lower()}" if "@" in stripped else stripped)


def _room_user(caller: Caller) -> str:
    user = caller.uri.removeprefix("web:").strip()
    return "" if not user or user.lower() in _WITHHELD else f"web:{user}"


def _sip_identity(caller: Caller, region: str) -> str:
    user = user_of(caller.uri)
    host = _host_of(caller.uri)
    if not user or user.lower() in _WITHHELD or host.endswith(".invalid"):  # RFC 3323
        return ""
    number = _e164(caller.number, region) if caller.number else ""
    return number or (f"sip:{user}@{host}" if host else "")


def _host_of(uri: str) -> str:
    match = _HOST.search(uri)
    return match["host"].strip().lower() if match else ""


def _e164(number: str, region: str) -> str:
    """*number* as ``tel:+…``; empty where it is none that exists anywhere."""
    try:
        parsed = phonenumbers.parse(number, region or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return "tel:" + phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
