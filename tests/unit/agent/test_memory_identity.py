"""Whose memory a call uses."""

from __future__ import annotations

import pytest

from agent.memory.identity import CallerKey, key_of, named
from telephony.call import Caller, CallInfo, Medium
from telephony.sip.addresses import parse_caller


def sip(header: str) -> CallInfo:
    return CallInfo("id", Medium.SIP, parse_caller(header), "sip:agent@example.com")


def web(uri: str) -> CallInfo:
    return CallInfo("id", Medium.WEB, Caller(uri=uri), "room")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('"Mary" <sip:+442079460001@trunk.example>', "tel:+442079460001"),
        ("<tel:+44-20-7946-0001>", "tel:+442079460001"),
        ("<sip:+44 20 7946 0001@other.example;user=phone>", "tel:+442079460001"),
        ("<sip:mary@Example.COM>", "sip:mary@example.com"),
        ("<sips:Mary@example.com:5061;transport=tls>", "sip:Mary@example.com"),
        ("<sip:201@pbx.example>", "sip:201@pbx.example"),
        ("<sip:anonymous@anonymous.invalid>", None),
        ("Anonymous <sip:c8oqz84zk7z@anonymous.invalid>", None),
        ("<sip:Restricted@trunk.example>", None),
        ("<sip:trunk.example>", None),
        ("garbage", None),
        ("", None),
    ],
)
def test_who_calls_by_sip(header: str, expected: str | None) -> None:
    found = key_of(sip(header), "hotel")
    assert (found and found.caller) == expected


def test_national_numbers_need_a_country() -> None:
    info = sip("<sip:03012345678@trunk.example>")
    assert key_of(info, "hotel") == CallerKey("hotel", "sip:03012345678@trunk.example")
    assert key_of(info, "hotel", "DE") == CallerKey("hotel", "tel:+493012345678")


def test_who_joins_from_a_browser() -> None:
    assert key_of(web("web:mary"), "hotel") == CallerKey("hotel", "web:mary")
    assert key_of(web("web:anonymous"), "hotel") is None
    assert key_of(web("web:"), "hotel") is None


def test_agents_have_memories_of_their_own() -> None:
    info = sip("<sip:+442079460001@trunk.example>")
    assert key_of(info, "hotel") != key_of(info, "clinic")


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+44 20 7946-0001", "", "tel:+442079460001"),
        ("030 12345678", "DE", "tel:+493012345678"),
        ("tel:+442079460001", "", "tel:+442079460001"),
        ("SIP:mary@example.com", "", "sip:mary@example.com"),
        ("mary@Example.com", "", "sip:mary@example.com"),
        ("web:mary", "", "web:mary"),
    ],
)
def test_callers_as_people_write_them(text: str, region: str, expected: str) -> None:
    assert named(text, region) == expected
