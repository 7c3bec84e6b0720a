"""Durations, as they are written and as they are shown."""

from datetime import timedelta

import pytest
from config_texts import problem, read, with_key
from hypothesis import given
from hypothesis import strategies as st

from heartbeat_bot.config import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("5m30s", 330),
        ("2h", 7200),
        ("14d", 1_209_600),
        ("1d2h3m4s", 93_784),
        ("0s", 0),
        (" 5M 30S ", 330),
    ],
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)
    assert read(with_key("hold", f"'{text}'")).newsletters["heartbeat"].announce.hold == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", " ", "10", "m", "30s5m", "5m5m", "-5m", "1.5h", "10 minutes", "1w", "5m\x00", "9" * 9 + "d"])
def test_what_is_no_duration_is_told_how_they_are_written(text: str) -> None:
    with pytest.raises(ValueError, match="durations are written like 90s, 10m, 5m30s, 2h or 14d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("10", "10 has no unit"),
        ("1.5", "1.5 has no unit"),
        ("true", "true has no unit"),
        ("[5m]", "has no unit"),
        ("null", "null has no unit"),
    ],
)
def test_a_duration_has_a_unit(written: str, sentence: str) -> None:
    said = problem(with_key("hold", written))
    assert said.startswith("config.yaml:7: newsletters.heartbeat.announce.hold: ")
    assert sentence in said


def test_nothing_needs_no_unit_and_no_age_is_too_old() -> None:
    assert read(with_key("hold", "0")).newsletters["heartbeat"].announce.hold == timedelta()
    assert read(with_key("max_age", "null")).newsletters["heartbeat"].announce.max_age is None


def test_a_source_is_given_ten_seconds_of_peace() -> None:
    assert read(with_key("poll", "10s", "")).newsletters["heartbeat"].poll == timedelta(seconds=10)
    assert "write 10s or more" in problem(with_key("poll", "9s", ""))


@given(st.integers(min_value=0, max_value=10**10))
def test_a_duration_reads_as_it_was_written(seconds: int) -> None:
    assert parse_duration(format_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


def test_parts_of_seconds_are_not_shown() -> None:
    assert format_duration(timedelta(milliseconds=1999)) == "1s"
    assert format_duration(timedelta()) == "0s"
