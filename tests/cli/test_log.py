"""What is written to stderr: sentences for people, JSON lines for machines, secrets in neither."""

import json
import logging
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
        ("heartbeat_bot.delivery.publisher", "heartbeat_bot.delivery.publisher"),
        ("2026-03-02-spring-heartbeat-of-the-community.en.md", "2026-03-02-spring-heartbeat-of-the-community.en.md"),
    ],
)
def test_secrets_are_blotted_out_and_nothing_else(text: str, shown: str) -> None:
    assert redact(text) == shown


def fail() -> None:
    raise ValueError(f"at\n{TOKEN}\nhttps://ann:geheim@example.org")


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
