"""From headers become callers, whatever the network writes into them."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telephony.call import Caller
from telephony.sip.addresses import parse_caller, user_of


@pytest.mark.parametrize(
    ("header", "caller"),
    [
        (
            '"Ada Lovelace" <sip:+4930123@example.org>;tag=1',
            Caller("sip:+4930123@example.org", "Ada Lovelace", "+4930123"),
        ),
        ("Ada <sip:ada@example.org>", Caller("sip:ada@example.org", "Ada")),
        ("<sip:ada@example.org;user=phone>", Caller("sip:ada@example.org;user=phone")),
        ("sip:ada@example.org;tag=1", Caller("sip:ada@example.org")),
        ("tel:+49-30-123(45)", Caller("tel:+49-30-123(45)", number="+493012345")),
        ("<SIPS:4711@example.org>", Caller("SIPS:4711@example.org", number="4711")),
        (
            r'"a \"quoted\" name" <sip:a@b>',
            Caller("sip:a@b", 'a "quoted" name'),
        ),
        ('"<sip:mallory@evil>" <sip:a@b>', Caller("sip:a@b", "<sip:mallory@evil>")),
        ("<sip:%2B4930@example.org>", Caller("sip:%2B4930@example.org", number="+4930")),
        ("<sip:1001:secret@example.org>", Caller("sip:1001:secret@example.org", number="1001")),
        ("", Caller("")),
    ],
)
def test_a_header_is_read_as_its_writer_meant_it(header: str, caller: Caller) -> None:
    """Quoted names, bare addresses, tel URIs, escapes and parameters (RFC 3261, section 20.10)."""
    assert parse_caller(header) == caller


@given(st.text(max_size=600))
@example('"' * 500)
@example('"\\')
@example("<" * 500)
@example('"' + "\\a" * 250)
@example("a" * 300 + " <sip:" + "b" * 300 + ">")
def test_no_header_can_break_the_reader(header: str) -> None:
    """Anything at all gives a caller of bounded size whose name can be printed."""
    caller = parse_caller(header)
    assert len(caller.uri) <= 256
    assert len(caller.name) <= 80
    assert not caller.name or caller.name.isprintable()
    assert caller.number is None or re.fullmatch(r"\+?[0-9]{2,20}", caller.number)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=60))
def test_a_quoted_name_comes_back_as_it_was(name: str) -> None:
    """What RFC 3261's quoting escapes is unescaped; only the space around it is lost."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    printable = "".join(character for character in name.strip() if character.isprintable())
    assert parse_caller(f'"{escaped}" <sip:a@b>').name == printable


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_an_escaped_user_is_unescaped(user: str) -> None:
    """Percent escapes in the user part are read back (RFC 3261, section 19.1.2)."""
    assert user_of(f"sip:{quote(user, safe='')}@example.org") == user


@pytest.mark.parametrize("uri", ["", "sip:", "sip:@host", "http://example.org", "ada@example.org"])
def test_what_has_no_user_part_gives_none(uri: str) -> None:
    """An empty string says that there is no user."""
    assert user_of(uri) == ""
