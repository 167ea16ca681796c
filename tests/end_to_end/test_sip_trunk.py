"""A number through a provider: Kamailio is registrar and proxy, baresip the caller."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.end_to_end.callers.baresip import Baresip, CallFailed, Credentials
from tests.end_to_end.callers.kamailio import Kamailio, secret_of
from tests.end_to_end.callers.sipp import play
from tests.end_to_end.conftest import ServerFactory
from tests.end_to_end.listening import Ear, matches
from tests.end_to_end.server import RunningServer

NUMBERS = {"udp": "4930111", "tcp": "4930222"}
REFUSED = "4930333"
CALLER = "4940777"
RECOVERY_S = 35.0


@pytest.fixture(scope="module")
def provider() -> Iterator[Kamailio]:
    """The telephone company."""
    with Kamailio() as kamailio:
        yield kamailio


@pytest.fixture(scope="module")
def server(start_server: ServerFactory, provider: Kamailio) -> Iterator[RunningServer]:
    """An agent with a number over UDP, one over TCP, and one whose secret is wrong."""
    config = "".join(
        f"""
        [[sip.trunks]]
        name = "{name}"
        registrar = "{provider.address}"
        user = "{number}"
        secret_env = "SECRET_{name.upper()}"
        transport = "{"tcp" if name == "tcp" else "udp"}"
        expires_s = 30
        retry_s = 2
        """
        for name, number in (NUMBERS | {"refused": REFUSED}).items()
    )
    secrets = {f"SECRET_{name.upper()}": secret_of(number) for name, number in NUMBERS.items()}
    with start_server(config, **secrets, SECRET_REFUSED="not this one") as server:
        yield server


def wait_for_registrations(server: RunningServer, trunk: str, count: int, timeout_s: float) -> None:
    """Wait until the log has said *count* times that *trunk* is registered."""
    deadline = time.monotonic() + timeout_s
    while len(lines(server, f"trunk {trunk}: registered")) < count:
        assert time.monotonic() < deadline, "\n".join(lines(server, "trunk "))
        time.sleep(0.1)


def lines(server: RunningServer, words: str) -> list[str]:
    """What the server's log said with *words* in it."""
    return [line.rstrip() for line in list(server.output) if words in line]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_call_to_the_number_is_answered_by_the_agent(
    server: RunningServer, provider: Kamailio, ear: Ear, transport: str
) -> None:
    """The trunk registers with its digest; who dials the number hears the greeting."""
    wait_for_registrations(server, transport, 1, 5)
    started_at = time.time()
    account = Credentials(provider.address, secret_of(CALLER))
    with Baresip(user=CALLER, name="Ada Lovelace", transport=transport, register=account) as phone:
        phone.wait_registered()
        phone.dial(f"sip:{NUMBERS[transport]}@{provider.address}")
        end_s = phone.wait_for_silence(0.0, quiet_s=0.8, timeout_s=10)
        greeting = ear.words(phone.heard.between(0.0, end_s + 0.3))
        phone.hang_up()
        server.wait_for_event("call_ended", lambda event: event["t"] >= started_at)
    assert len(matches(greeting, ("hotel", "good day", "how can", "help"))) >= 1, greeting

    started = server.wait_for_event("call_started", lambda event: event["t"] >= started_at)
    assert started["text"] == f"sip from Ada Lovelace <{CALLER}>"
    offered = lines(server, f"call {started['call']}: from")
    assert len(offered) == 1
    assert offered[0].endswith(f"from Ada Lovelace <{CALLER}> via {transport}")


def test_a_number_that_is_not_registered_is_not_reached(
    server: RunningServer, provider: Kamailio
) -> None:
    """With a wrong secret the provider knows no agent behind the number."""
    account = Credentials(provider.address, secret_of(CALLER))
    with Baresip(user=CALLER, register=account) as phone:
        phone.wait_registered()
        with pytest.raises(CallFailed, match="404"):
            phone.dial(f"sip:{REFUSED}@{provider.address}")


def test_a_wrong_secret_is_said_once_and_direct_calls_still_work(server: RunningServer) -> None:
    """The log names the trunk and the registrar's answer, not the secret; the rest works on."""
    said = lines(server, "trunk refused")
    assert len(said) == 1, said
    assert "not registered: 401" in said[0]
    assert "WARNING" in said[0]
    assert not lines(server, "not this one")
    play("basic_call", server.sip_port, keys={"rtp_port": "9"})


def test_the_number_works_again_after_the_registrar_was_away(
    server: RunningServer, provider: Kamailio
) -> None:
    """Kamailio goes, forgets everybody and comes back: both trunks register by themselves."""
    before = {name: len(lines(server, f"trunk {name}: registered")) for name in NUMBERS}
    provider.stop()
    time.sleep(3)
    provider.start()
    deadline = time.monotonic() + RECOVERY_S
    for name, count in before.items():
        wait_for_registrations(server, name, count + 1, deadline - time.monotonic())
    account = Credentials(provider.address, secret_of(CALLER))
    with Baresip(user=CALLER, register=account) as phone:
        phone.wait_registered()
        phone.dial(f"sip:{NUMBERS['udp']}@{provider.address}")
        phone.wait_for_speech(0.0, timeout_s=5)
        phone.hang_up()
