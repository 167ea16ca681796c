"""What no telephone should send and no operator should write: none of it may hurt the next call."""

from __future__ import annotations

import contextlib
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.callers.media import Media
from tests.end_to_end.callers.sipp import Sipp, play
from tests.end_to_end.callers.wire import SDP, Dialog, Wire
from tests.end_to_end.conftest import ServerFactory
from tests.end_to_end.server import RunningServer, free_port


@pytest.fixture(scope="module")
def server(start_server: ServerFactory) -> Iterator[RunningServer]:
    """One agent that has to live through all of this file."""
    with start_server() as server:
        yield server


# On the SIP port


def replaced(message: bytes, old: str, new: str) -> bytes:
    """*message* with one part of it exchanged; the part must be there."""
    assert old.encode() in message
    return message.replace(old.encode(), new.encode(), 1)


def invite(dialog: Dialog, body: str = SDP) -> bytes:
    """An INVITE with nothing wrong in it yet."""
    return dialog.request("INVITE", body=body)


def bad_messages(dialog: Dialog) -> dict[str, bytes]:
    """Messages that are wrong in one way each, by what is wrong with them."""
    good = invite(dialog)
    options = dialog.request("OPTIONS")
    length = len(SDP.encode())
    return {
        "nothing but line ends": b"\r\n\r\n\r\n",
        "one byte": b"\x00",
        "random bytes": random.Random(1).randbytes(1200),
        "an HTTP request": b"GET / HTTP/1.1\r\nHost: agent\r\n\r\n",
        "a request line alone": b"INVITE sip:agent@127.0.0.1 SIP/2.0\r\n",
        "cut off in a header": good[:150],
        "cut off in the body": good[:-40],
        "no Call-ID": dialog.request("INVITE", body=SDP, without=("Call-ID",)),
        "no From": dialog.request("INVITE", body=SDP, without=("From",)),
        "no To": dialog.request("INVITE", body=SDP, without=("To",)),
        "no CSeq": dialog.request("INVITE", body=SDP, without=("CSeq",)),
        "no Via": dialog.request("INVITE", body=SDP, without=("Via",)),
        "Via of another protocol": replaced(good, "SIP/2.0/UDP", "SIP/7.0/PIGEON"),
        "Via without a host": replaced(options, f"SIP/2.0/UDP {dialog.local}", "SIP/2.0/UDP ;"),
        "another version": replaced(options, "SIP/2.0\r\n", "SIP/7.0\r\n"),
        "CSeq of another method": replaced(good, "CSeq: 1 INVITE", "CSeq: 1 BYE"),
        "CSeq beyond 32 bits": replaced(options, "CSeq: 1 ", "CSeq: 36893488147419103232 "),
        "CSeq that is no number": replaced(options, "CSeq: 1 ", "CSeq: one "),
        "negative length": replaced(good, f"Content-Length: {length}", "Content-Length: -999"),
        "From without an end": replaced(good, "From: <sip:wire@", 'From: "wire <sip:wire@'),
        "From that is nonsense": replaced(good, "From: <sip:wire@", "From: <<<:::@"),
        "an unknown scheme": replaced(good, "INVITE sip:", "INVITE nobody-knows-this:"),
        "a target with spaces": replaced(good, "INVITE sip:agent@", "INVITE sip:agent smith@"),
        "an unknown method": dialog.request("DEFENESTRATE"),
        "an extension that must be known": dialog.request(
            "INVITE", body=SDP, extra="Require: telepathy\r\n"
        ),
        "1,500 headers": dialog.request(
            "OPTIONS", extra="".join(f"X-Many-{n}: {n}\r\n" for n in range(1500))
        ),
        "300 Via headers": dialog.request(
            "OPTIONS", extra="Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK-x\r\n" * 300
        ),
        "bytes that are no UTF-8": replaced(options, "sip:wire@", "sip:w\u00ff\u00fe@").replace(
            "\u00ff\u00fe".encode(), b"\xff\xfe\x80"
        ),
        "a null in the middle": replaced(options, "Max-Forwards: 70", "Max-Forwards: 7\x000"),
        "a response to nothing": replaced(
            options, options.split(b"\r\n")[0].decode(), "SIP/2.0 200 OK"
        ),
        "a BYE for no call": dialog.request("BYE", cseq=2),
        "a CANCEL for no call": dialog.request("CANCEL"),
        "an UPDATE for no call": dialog.request("UPDATE", body=SDP),
        "an ACK for no call": dialog.request("ACK"),
        "a body that is no SDP": invite(dialog, "this is not SDP\r\n"),
        "SDP without media": invite(dialog, SDP.split("m=")[0]),
        "SDP without an address": invite(dialog, SDP.replace("c=IN IP4 127.0.0.1\r\n", "")),
        "SDP with an impossible port": invite(dialog, SDP.replace("audio 9 ", "audio 999999 ")),
        "SDP with a negative port": invite(dialog, SDP.replace("audio 9 ", "audio -1 ")),
        "SDP without formats": invite(dialog, SDP.replace("RTP/AVP 0", "RTP/AVP")),
        "SDP with 2,000 formats": invite(
            dialog, SDP.replace("RTP/AVP 0", "RTP/AVP " + " ".join(["0"] * 2000))
        ),
        "SDP with 200 media": invite(dialog, SDP + "m=audio 9 RTP/AVP 0\r\n" * 200),
        "SDP of a body that is something else": replaced(good, "application/sdp", "text/plain"),
    }


def odd_messages(dialog: Dialog) -> dict[str, bytes]:
    """Messages that break a rule and that PJSIP reads all the same."""
    good = invite(dialog)
    options = dialog.request("OPTIONS")
    length = len(SDP.encode())
    return {
        "length beyond the datagram": replaced(
            good, f"Content-Length: {length}", "Content-Length: 9999"
        ),
        "length that overflows": replaced(
            good, f"Content-Length: {length}", "Content-Length: 99999999999999999999"
        ),
        "a method in lower case": dialog.request("options"),
        "hops used up": replaced(options, "Max-Forwards: 70", "Max-Forwards: 0"),
        "a header of 40,000 bytes": dialog.request("OPTIONS", extra=f"X-Long: {'a' * 40_000}\r\n"),
        "SDP with an impossible address": invite(
            dialog, SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 999.999.999.999")
        ),
        "multipart without parts": replaced(
            good, "application/sdp", "multipart/mixed;boundary=nowhere"
        ),
    }


BAD: Final = tuple(bad_messages(Dialog("sip:agent@127.0.0.1", "127.0.0.1:9")))
ODD: Final = tuple(odd_messages(Dialog("sip:agent@127.0.0.1", "127.0.0.1:9")))


@pytest.mark.parametrize("what", BAD)
def test_a_bad_message_is_refused_or_ignored(server: RunningServer, what: str) -> None:
    """No call comes of what is broken, at most a 4xx or 5xx; and the agent goes on answering."""
    before = len(server.events("call_started"))
    with Wire(server.sip_port) as wire:
        dialog = wire.dialog()
        wire.send(bad_messages(dialog)[what])
        reply = wire.final(timeout_s=0.15)
        assert reply is None or 400 <= reply.status < 600, reply and reply.text
        if reply and reply.method == "INVITE":
            dialog.to_tag = reply.tag
            wire.send(dialog.request("ACK"))
        assert wire.is_alive()
    assert len(server.events("call_started")) == before


@pytest.mark.parametrize("what", ODD)
def test_an_odd_message_may_be_understood(server: RunningServer, what: str) -> None:
    """What can be taken for what was meant gets an answer; a call that comes of it ends."""
    with Wire(server.sip_port) as wire:
        dialog = wire.dialog()
        wire.send(odd_messages(dialog)[what])
        reply = wire.final()
        assert reply is not None
        if reply.method == "INVITE":
            dialog.to_tag = reply.tag
            wire.send(dialog.request("ACK", body=SDP))
        if reply.method == "INVITE" and reply.status == 200:
            wire.send(dialog.request("BYE", cseq=2))
            ended = wire.final("BYE")
            assert ended is not None
        assert wire.is_alive()


def test_bad_streams_over_tcp_do_no_harm(server: RunningServer) -> None:
    """Endless lines, absurd lengths, half a message and then nothing: the next call works."""
    dialog = Dialog("sip:agent@127.0.0.1", "127.0.0.1:9")
    good = replaced(invite(dialog), "SIP/2.0/UDP", "SIP/2.0/TCP")
    streams = (
        b"\x00" * 70_000,
        b"INVITE sip:agent@127.0.0.1 SIP/2.0\r\nX: " + b"a" * 100_000,
        replaced(good, f"Content-Length: {len(SDP)}", "Content-Length: 4294967295"),
        replaced(good, f"Content-Length: {len(SDP)}", "Content-Length: -1"),
        good[:200],
        random.Random(2).randbytes(20_000),
    )
    with contextlib.ExitStack() as open_ones:
        for stream in streams:
            connection = socket.create_connection(("127.0.0.1", server.sip_port), timeout=3)
            open_ones.enter_context(connection)
            with contextlib.suppress(ConnectionError):  # the agent may have had enough of it
                connection.sendall(stream)
        play("basic_call", server.sip_port, transport="tcp", keys={"rtp_port": "9"})
    play("basic_call", server.sip_port, transport="tcp", keys={"rtp_port": "9"})


def test_a_live_call_does_not_notice_a_thousand_mutated_messages(server: RunningServer) -> None:
    """While somebody sends OPTIONS and BYEs with random damage, a call goes on and ends well."""
    chance = random.Random(3)
    with Media() as media, Wire(server.sip_port) as wire:
        keys = {"rtp_port": str(media.port)}
        with Sipp("basic_call", server.sip_port, pause_ms=4000, keys=keys) as caller:
            media.wait_for_packets(10)
            for number in range(1000):
                dialog = wire.dialog()
                message = bytearray(
                    dialog.request(("OPTIONS", "BYE", "REGISTER")[number % 3], body=SDP)
                )
                for _ in range(chance.randint(1, 12)):
                    message[chance.randrange(len(message))] = chance.randrange(256)
                wire.send(bytes(message[: chance.randint(40, len(message))]))
                time.sleep(0.002)
            assert wire.is_alive()
            caller.finish()
        assert len(media.packets) > 170
        assert media.longest_gap_s() < 0.5


def test_bad_rtp_in_a_call_does_no_harm(server: RunningServer) -> None:
    """Random datagrams on the call's RTP port are dropped; the call ends as it should."""
    chance = random.Random(4)
    with Media() as media:
        keys = {"rtp_port": str(media.port)}
        with Sipp("basic_call", server.sip_port, pause_ms=1500, keys=keys) as caller:
            media.wait_for_packets(5)
            for _ in range(300):
                media.send_datagram(chance.randbytes(chance.randint(1, 1400)))
            caller.finish()
    play("basic_call", server.sip_port, keys={"rtp_port": "9"})


# On the command line and in the configuration


def serve(folder: Path, config: str = "", *options: str) -> tuple[int, list[str]]:
    """Run ``serve`` where it is expected to give up; returns its exit code and its complaints."""
    file = folder / "agent.toml"
    file.write_text(config)
    ended = subprocess.run(
        [sys.executable, "-m", "agent.cli", "serve", "--config", str(file), *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, [x for x in ended.stderr.splitlines() if x.startswith("error ")]


@pytest.mark.parametrize(
    ("option", "setting"), [("--sip-port", "sip.port"), ("--web-port", "web.port")]
)
def test_a_port_in_use_is_named_with_the_remedy(
    server: RunningServer, tmp_path: Path, option: str, setting: str
) -> None:
    """A second server on the same port ends with 1 and one line: the port and what to change."""
    ports = {"--sip-port": free_port(), "--web-port": free_port()}
    ports[option] = server.sip_port if option == "--sip-port" else server.web_port
    options = [str(word) for pair in ports.items() for word in pair]
    code, said = serve(tmp_path, "", "--bind", "127.0.0.1", *options)
    assert code == 1
    assert len(said) == 1, said
    for words in (f":{ports[option]}/", option, setting):
        assert words in said[0]


@pytest.mark.parametrize(
    ("config", "key", "given", "accepted"),
    [
        ("[sip]\nprot = 5060", "sip.prot", "unknown key", "port"),
        ("[spi]\nport = 5060", "spi", "unknown key", "sip"),
        ('[sip]\nport = "many"', "sip.port", "'many'", "integer"),
        ("[sip]\nport = 70000", "sip.port", "70000", "65535"),
        ("[sip]\ntransports = []", "sip.transports", "[]", "at least 1"),
        ("[sip]\nmedia_timeout_s = 0", "sip.media_timeout_s", "0", "greater than 0"),
        ("[sip]\nmax_calls = 0", "sip.max_calls", "0", "greater than or equal to 1"),
        ('[sip]\nuser = "two words"', "sip.user", "'two words'", "pattern"),
        (
            '[[sip.trunks]]\nname = "a"\nregistrar = "127.0.0.1"\nuser = "1"',
            "sip.trunks.0.secret_env",
            "missing",
            "",
        ),
        (
            '[[sip.trunks]]\nname = "a"\nregistrar = "127.0.0.1"\nuser = "1"\n'
            'secret_env = "NOT_SET_ANYWHERE"',
            "sip.trunks.0.secret_env",
            "'NOT_SET_ANYWHERE'",
            "set it",
        ),
    ],
    ids=lambda value: value.replace("\n", " ") if "[" in value else "",
)
def test_a_bad_setting_is_named_with_what_is_accepted(
    tmp_path: Path, config: str, key: str, given: str, accepted: str
) -> None:
    """``serve`` ends with 1 and one line: the file, the key, what was given, what is accepted."""
    code, said = serve(tmp_path, config)
    assert code == 1
    assert len(said) == 1, said
    for words in (key, given, accepted):
        assert words in said[0]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('codecs = ["morse"]', ("sip.codecs", "morse", "PCMU")),
        ('bind = "not an address"', ("not an address", "sip.bind")),
    ],
)
def test_what_only_the_telephone_stack_can_tell_is_named_too(
    tmp_path: Path, setting: str, words: tuple[str, ...]
) -> None:
    """Codecs and addresses are checked where they are used, and refused in one line as well."""
    config = f"[sip]\nport = {free_port()}\n{setting}\n[web]\nenabled = false\n"
    options = () if "bind" in setting else ("--bind", "127.0.0.1")
    code, said = serve(tmp_path, config, *options)
    assert code == 1
    assert len(said) == 1, said
    for word in words:
        assert word in said[0]


def test_several_bad_settings_are_all_named_at_once(tmp_path: Path) -> None:
    """Whoever has three things to mend is told of all three, one line each."""
    code, said = serve(tmp_path, "[sip]\nprot = 1\nmax_calls = -1\n[vad]\nstart_s = 90")
    assert code == 1
    assert len(said) == 3, said
    assert all("agent.toml" in line for line in said)


def test_a_file_that_is_not_there_or_not_toml_is_named(tmp_path: Path) -> None:
    """The file is named, and what is wrong with it, in one line."""
    code, said = serve(tmp_path, "", "--config", str(tmp_path / "nowhere.toml"))
    assert code == 1
    assert len(said) == 1
    assert "nowhere.toml: no such file" in said[0]
    code, said = serve(tmp_path, "[sip\nport")
    assert code == 1
    assert len(said) == 1
    assert "agent.toml: not valid TOML" in said[0]
