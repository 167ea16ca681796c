"""Configuration: what is wrong is said in one line with file, key, given and accepted."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import ConfigError, LlmProvider, SttProvider, TtsProvider, load


def problems(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    file = tmp_path / "interject.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file, environ=environ or {})
    assert all(str(file) in line and "\n" not in line for line in caught.value.problems)
    return caught.value.problems


def test_without_a_file_and_keys_the_embedded_profile_runs() -> None:
    resolved = load(environ={})
    assert (resolved.stt, resolved.llm, resolved.tts) == (
        SttProvider.MOONSHINE,
        LlmProvider.KNOWLEDGE,
        TtsProvider.ESPEAK,
    )


def test_a_key_in_the_environment_switches_the_provider() -> None:
    assert load(environ={"OPENAI_API_KEY": "k"}).llm is LlmProvider.OPENAI
    assert load(environ={"OPENAI_BASE_URL": "http://localhost:1/v1"}).llm is LlmProvider.OPENAI
    assert load(environ={"DEEPGRAM_API_KEY": "k"}).stt is SttProvider.DEEPGRAM


def test_an_empty_key_is_no_key() -> None:
    assert load(environ={"OPENAI_API_KEY": ""}).llm is LlmProvider.KNOWLEDGE


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[sip]\nprot = 1", ["sip.prot", "unknown key", "port"]),
        ("[spi]\nport = 1", ["spi", "unknown key", "sip"]),
        ("[sip]\nport = 'x'", ["sip.port", "'x'", "integer"]),
        ("[sip]\nport = 70000", ["sip.port", "70000", "65535"]),
        ("[sip]\ntransports = ['tls']", ["sip.transports.0", "'tls'", "udp"]),
        ("[llm]\nprovider = 'gpt'", ["llm.provider", "'gpt'", "knowledge"]),
        ("[llm]\ntemperature = 9", ["llm.temperature", "9", "2"]),
        ("[endpointing]\nsure_s = -1", ["endpointing.sure_s", "-1"]),
        ("[[sip.trunks]]\nname = 'a'", ["sip.trunks.0.registrar", "missing"]),
        ("[[sip.trunks]]\nnmae = 'a'", ["sip.trunks.0.nmae", "unknown key", "registrar"]),
        ("[sip]\nenabled = false\n[web]\nenabled = false", ["nobody could call"]),
        ("[sip\n", ["TOML"]),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, text: str, wanted: list[str]) -> None:
    lines = problems(tmp_path, text)
    assert any(all(part in line for part in wanted) for line in lines), lines


def test_every_mistake_gets_its_line(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "[sip]\nport = 0\nprot = 1\n[web]\nport = 'x'")) == 3


def test_a_list_left_empty_by_a_bad_item_is_one_mistake(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "[sip]\ntransports = ['pigeon']")) == 1
    assert len(problems(tmp_path, "[sip]\ntransports = []")) == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "nowhere.toml", environ={})


def test_a_provider_without_its_key(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, "[stt]\nprovider = 'deepgram'")
    assert "DEEPGRAM_API_KEY" in line


TRUNK = """
[[sip.trunks]]
name = "office"
registrar = "sip.example.com"
user = "4412345678"
secret_env = "TRUNK_SECRET"
"""


def test_a_trunk_without_its_secret(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, TRUNK)
    assert "sip.trunks.0.secret_env" in line
    assert "TRUNK_SECRET" in line


def test_a_trunks_secret_reaches_the_endpoint_and_no_printout(tmp_path: Path) -> None:
    file = tmp_path / "interject.toml"
    file.write_text(TRUNK)
    resolved = load(file, environ={"TRUNK_SECRET": "hunter2"})
    settings = resolved.sip_settings()
    assert settings.trunks[0].secret == "hunter2"
    assert "hunter2" not in repr(resolved) + repr(settings) + resolved.model_dump_json()


def test_two_trunks_of_one_name(tmp_path: Path) -> None:
    assert "same name" in problems(tmp_path, TRUNK + TRUNK, {"TRUNK_SECRET": "x"})[0]


def test_the_command_line_wins(tmp_path: Path) -> None:
    file = tmp_path / "interject.toml"
    file.write_text("[sip]\nport = 5070")
    assert load(file, environ={}, overrides={"sip": {"port": 5080}}).config.sip.port == 5080


@given(st.text(max_size=200))
def test_no_text_crashes_the_reader(text: str) -> None:
    """Whatever the file holds, it is either a configuration or a ConfigError."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "interject.toml"
        file.write_text(text, encoding="utf-8", errors="replace")
        try:
            load(file, environ={})
        except ConfigError as error:
            assert error.problems
