"""SIP accounts: the open listener, and registrations with trunks and PBXs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pjsua2 as pj
from loguru import logger

from telephony.sip.callbacks import logged
from telephony.sip.config import SipSettings, SipTransport, TrunkSettings

if TYPE_CHECKING:
    from telephony.sip.endpoint import SipEndpoint


@dataclass(frozen=True)
class Registration:
    """Where a trunk's registration stands. ``status`` is the registrar's last answer, 0 if none."""

    trunk: str
    registered: bool
    status: int
    reason: str


class IncomingAccount(pj.Account):  # type: ignore[misc]
    """An account that hands every call to the endpoint."""

    def __init__(self, name: str, endpoint: SipEndpoint) -> None:
        super().__init__()
        self.name = name
        self._endpoint = endpoint

    @logged
    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 (PJSIP's name)
        """An INVITE opened a dialog."""
        self._endpoint.on_invite(self, prm)

    @logged
    def onRegState(self, prm: Any) -> None:  # noqa: N802
        """The registrar answered, or did not."""
        registration = Registration(
            trunk=self.name,
            registered=bool(self.getInfo().regIsActive),
            status=prm.code,
            reason=prm.reason,
        )
        if registration.registered:
            logger.info(f"trunk {self.name}: registered for {prm.expiration} s")
        else:
            logger.warning(f"trunk {self.name}: not registered: {prm.code} {prm.reason}")
        self._endpoint.tell(self._endpoint.on_registration, registration)


def listener_config(settings: SipSettings, address: str) -> Any:
    """The account for calls that come straight to our address."""
    config = pj.AccountConfig()
    config.idUri = f"sip:{settings.user}@{address}:{settings.port}"
    _set_media(config, settings)
    return config


def trunk_config(settings: SipSettings, trunk: TrunkSettings, transport_id: int) -> Any:
    """The account that registers with *trunk* and stays registered."""
    config = pj.AccountConfig()
    suffix = ";transport=tcp" if trunk.transport is SipTransport.TCP else ""
    config.idUri = f"sip:{trunk.user}@{trunk.registrar}"
    config.regConfig.registrarUri = f"sip:{trunk.registrar}{suffix}"
    config.regConfig.timeoutSec = trunk.expires_s
    config.regConfig.retryIntervalSec = trunk.retry_s
    config.regConfig.firstRetryIntervalSec = min(2, trunk.retry_s)
    config.regConfig.randomRetryIntervalSec = 0
    config.regConfig.delayBeforeRefreshSec = max(1, trunk.expires_s // 5)
    config.regConfig.unregWaitMsec = 1500
    config.sipConfig.authCreds.append(
        pj.AuthCredInfo("digest", trunk.realm, trunk.auth_user or trunk.user, 0, trunk.secret)
    )
    if trunk.proxy:
        config.sipConfig.proxies.append(f"sip:{trunk.proxy}{suffix};lr")
    config.sipConfig.transportId = transport_id
    # The wheel's registrations survive a NAT by refreshing the address the registrar saw.
    config.natConfig.contactRewriteUse = 1
    _set_media(config, settings)
    return config


def _set_media(config: Any, settings: SipSettings) -> None:
    rtp = config.mediaConfig.transportConfig
    if settings.bind not in ("", "0.0.0.0", "::"):
        rtp.boundAddress = settings.bind
    rtp.publicAddress = settings.public_address
    rtp.port = settings.rtp_port
    rtp.portRange = settings.rtp_port_range
    config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_DISABLED
    config.videoConfig.autoTransmitOutgoing = False
