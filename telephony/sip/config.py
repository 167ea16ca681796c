"""What the SIP endpoint needs to be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class SipTransport(StrEnum):
    """How SIP messages travel."""

    UDP = "udp"
    TCP = "tcp"


@dataclass(frozen=True)
class TrunkSettings:
    """A registration with a trunk or PBX, through which a telephone number reaches the agent.

    ``registrar`` and ``proxy`` are host or host:port; ``user`` is the number
    or extension, ``auth_user`` the digest user name where it differs.
    """

    name: str
    registrar: str
    user: str
    secret: str = field(repr=False)
    auth_user: str = ""
    realm: str = "*"
    proxy: str = ""
    transport: SipTransport = SipTransport.UDP
    expires_s: int = 300
    retry_s: int = 15


@dataclass(frozen=True)
class SipSettings:
    """Where the endpoint listens and what it offers.

    ``codecs`` in order of preference; those that the PJSIP at hand does not
    have are left out. ``max_calls`` None means as many as the library allows.
    """

    bind: str = "0.0.0.0"
    port: int = 5060
    transports: tuple[SipTransport, ...] = (SipTransport.UDP, SipTransport.TCP)
    public_address: str = ""
    rtp_port: int = 10000
    rtp_port_range: int = 1000
    codecs: tuple[str, ...] = ("opus", "G722", "PCMU", "PCMA")
    max_calls: int | None = None
    media_timeout_s: float = 30.0
    user: str = "agent"
    trunks: tuple[TrunkSettings, ...] = ()
