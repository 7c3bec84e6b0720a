"""What is written to stderr: sentences for people, JSON lines for machines, secrets in neither."""

import json
import logging
import re
import subprocess
import sys
from datetime import datetime

import pytest

from heartbeat_bot.log import LogFormat, set_up_logging
from heartbeat_bot.redaction import redact

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAwMQ.Gabcde.abcdefghijklmnopqrstuvwxyz0123456789-_"
LOG = logging.getLogger("heartbeat_bot.tests")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (TOKEN, "[token]"),
        (f"Authorization: Bot {TOKEN}", "Authorization: [token]"),
        (f"'{TOKEN}'\n{TOKEN}", "'[token]'\n[token]"),
        (f"token={TOKEN}&x", "token=[token]&x"),
        ("https://ann:geheim@example.org/a", "https://example.org/a"),
        ("https://geheim@example.org/a", "https://example.org/a"),
        ("https://ann:ge@heim@example.org/a", "https://example.org/a"),
        ("ssh://git:geheim@example.org/a", "ssh://git@example.org/a"),
        ("https://example.org/@ann and ann@example.org", "https://example.org/@ann and ann@example.org"),
        ("heartbeat_bot.sync.publisher", "heartbeat_bot.sync.publisher"),
        ("2026-03-02-spring-heartbeat-of-the-community.en.md", "2026-03-02-spring-heartbeat-of-the-community.en.md"),
    ],
)
def test_secrets_are_blotted_out_and_nothing_else(text: str, shown: str) -> None:
    assert redact(text) == shown


def fail(said: str = f"at\n{TOKEN}\nhttps://ann:geheim@example.org") -> None:
    raise ValueError(said)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_format_shows_a_secret_in_a_message_its_arguments_or_a_traceback(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(verbosity=0, log_format=log_format)
    try:
        fail()
    except ValueError:
        LOG.exception("first\n%s and %r", TOKEN, "https://ann:geheim@example.org/a")
    said = capsys.readouterr().err
    assert TOKEN[30:] not in said
    assert "geheim" not in said
    assert "ValueError" in said
    assert said.count("[token]") == 2


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_record_does_not_hold_the_whole_text_that_something_went_wrong_with(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(verbosity=0, log_format=log_format)
    try:
        fail("text " * 100_000)
    except ValueError as error:
        LOG.exception("failed: %s", error)  # noqa: TRY401 - whoever writes so
    said = capsys.readouterr().err
    assert len(said) < 20_000
    assert said.count("… and 496,0") == 2, said[-500:]


def test_text_is_a_level_and_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(verbosity=0, log_format="text")
    LOG.warning("%d of %d", 1, 2)
    assert capsys.readouterr().err == "WARNING 1 of 2\n"


def test_json_is_an_object_per_line_with_stable_fields(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(verbosity=0, log_format="json")
    LOG.warning('a "quoted"\nline – %s', "é")
    try:
        fail()
    except ValueError:
        LOG.exception("failed")
    first, second = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert list(first) == ["time", "level", "logger", "message"]
    assert (first["level"], first["logger"], first["message"]) == ("warning", "heartbeat_bot.tests", 'a "quoted"\nline – é')
    assert first["time"].endswith("Z")
    assert datetime.fromisoformat(first["time"]).tzinfo is not None
    assert list(second) == ["time", "level", "logger", "message", "error"]
    assert second["error"].startswith("Traceback")


def test_an_address_without_a_password_does_not_swallow_the_next_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(verbosity=0, log_format="json")
    LOG.warning("see https://example.org:80\nann@example.org")
    assert json.loads(capsys.readouterr().err)["message"] == "see https://example.org:80\nann@example.org"


@pytest.mark.parametrize(
    ("verbosity", "shown"),
    [
        (-1, ["own warning", "other warning"]),
        (0, ["own info", "own warning", "other warning"]),
        (1, ["own debug", "own info", "own warning", "other warning"]),
        (2, ["own debug", "own info", "own warning", "other info", "other warning"]),
    ],
)
def test_more_is_said_when_asked(verbosity: int, shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(verbosity=verbosity, log_format="text")
    for name, logger in (("own", LOG), ("other", logging.getLogger("other"))):
        logger.debug("%s debug", name)
        logger.info("%s info", name)
        logger.warning("%s warning", name)
    assert [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()] == shown


def test_setting_up_twice_writes_once(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(verbosity=0, log_format="text")
    set_up_logging(verbosity=0, log_format="text")
    LOG.warning("once")
    assert capsys.readouterr().err.count("once") == 1


FORGED = "a\nERROR forged\r\x1b[2J\x07\x85\u2028\u202e##[error]x"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_record_is_one_line_that_steers_nothing(log_format: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(verbosity=0, log_format=log_format)
    LOG.warning("%s and %r", FORGED, FORGED)
    LOG.warning(FORGED)
    lines = capsys.readouterr().err.removesuffix("\n").split("\n")
    assert len(lines) == 2
    for line in lines:
        assert line.replace("\u2028", "\n").isprintable()
        assert "##[" not in line
    if log_format == "json":
        assert [json.loads(line)["message"] for line in lines] == [f"{FORGED} and {FORGED!r}", FORGED]
    else:
        assert lines[1] == r"WARNING a\x0aERROR forged\x0d\x1b[2J\x07\x85\u2028\u202e\x23#[error]x"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_line_of_a_traceback_is_taken_for_a_record_or_a_command(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(verbosity=0, log_format=log_format)
    try:
        fail(f"{FORGED}\n::error::x\nWARNING forged")
    except ValueError as error:
        error.add_note("ERROR forged\n::error::x")
        LOG.exception("fault", stack_info=True)
    first, *rest = capsys.readouterr().err.removesuffix("\n").split("\n")
    assert bool(rest) == (log_format == "text")
    assert all(line.startswith("    ") and line.isprintable() for line in rest)
    assert not any(line.strip().startswith("::") or "##[" in line for line in (first, *rest))
    assert r"\x3a:error::x" in "".join(rest) or log_format == "json"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_arguments_that_do_not_fit_are_one_line_too(log_format: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(verbosity=0, log_format=log_format)
    LOG.warning("%d", f"{FORGED}{TOKEN}")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "[token]" in said


def test_warnings_of_python_are_records_too() -> None:
    script = "import warnings; from heartbeat_bot.log import set_up_logging; set_up_logging(verbosity=0, log_format='text')"
    script += r"; warnings.warn('a\nERROR forged')"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert re.fullmatch(r"WARNING .*UserWarning: a\\x0aERROR forged.*\n", done.stderr)
