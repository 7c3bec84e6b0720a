"""Events as a calendar file that calendar programs take."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import event

from heartbeat_bot.archive.agenda_items import MergedItem
from heartbeat_bot.archive.calendar import calendar, uid
from heartbeat_bot.archive.entry import Listed
from heartbeat_bot.extract.items import Event

NOW = datetime(2026, 5, 22, 9, 30, 15, 999, tzinfo=UTC)
LISTED = Listed(
    newsletter="owl",
    path="may.md",
    issue=3,
    slug="may",
    title="Owl Post: May; the \\ release, at last",
    date=date(2026, 5, 22),
    url="https://owl.example/may/",
)


def told(one: Event, key: str = "k") -> MergedItem:
    return MergedItem(key=key, event=one, listed=LISTED)


def parsed(*events: Event) -> list[Any]:
    """Read a calendar back."""
    data = calendar([told(one, str(number)) for number, one in enumerate(events)], name="Owls", now=NOW)
    return icalendar.Calendar.from_ical(data).walk("VEVENT")


BERLIN = timezone(timedelta(hours=2))
SPANS = {
    "a day": (date(2026, 6, 5), None, date(2026, 6, 5), date(2026, 6, 6)),
    "days": (date(2026, 6, 5), date(2026, 6, 7), date(2026, 6, 5), date(2026, 6, 8)),
    "an instant": (datetime(2026, 6, 5, 18, tzinfo=BERLIN), None, datetime(2026, 6, 5, 16, tzinfo=UTC), None),
    "a time": (
        datetime(2026, 6, 5, 18, tzinfo=BERLIN),
        datetime(2026, 6, 6, 1, tzinfo=BERLIN),
        datetime(2026, 6, 5, 16, tzinfo=UTC),
        datetime(2026, 6, 5, 23, tzinfo=UTC),
    ),
    "days that end early": (date(2026, 6, 5), date(2026, 6, 1), date(2026, 6, 5), date(2026, 6, 6)),
    "a time that ends early": (
        datetime(2026, 6, 5, 18, tzinfo=UTC),
        datetime(2026, 6, 5, 17, tzinfo=UTC),
        datetime(2026, 6, 5, 18, tzinfo=UTC),
        None,
    ),
    "a day that ends at an instant": (date(2026, 6, 5), datetime(2026, 6, 6, 1, tzinfo=UTC), date(2026, 6, 5), date(2026, 6, 7)),
    "an instant that ends on a day": (
        datetime(2026, 6, 5, 18, tzinfo=UTC),
        date(2026, 6, 6),
        datetime(2026, 6, 5, 18, tzinfo=UTC),
        None,
    ),
    "the last day of all": (date.max, None, date.max, None),
}


@pytest.mark.parametrize(("start", "end", "first", "after"), SPANS.values(), ids=SPANS)
def test_days_end_the_day_after_and_instants_are_in_utc(start: date, end: date | None, first: date, after: date | None) -> None:
    (one,) = parsed(event("Owl Night", start, end=end))
    assert one.decoded("dtstart") == first
    assert type(one.decoded("dtstart")) is type(first)
    assert (one.decoded("dtend") if "dtend" in one else None) == after


def test_an_entry_says_what_where_and_who_told_of_it() -> None:
    night = event(
        "Owl Night, 5; the \\ end", date(2026, 6, 5), location="Berlin, Zoo", url="https://owl.example/night?a=1;2", online=True
    )
    (one,) = parsed(night)
    assert one.decoded("summary") == "Owl Night, 5; the \\ end"
    assert one.decoded("location") == "Berlin, Zoo"
    assert one["url"] == "https://owl.example/night?a=1;2"
    assert one.decoded("dtstamp") == NOW.replace(microsecond=0)
    assert one.decoded("description").split("\n") == [
        "Also online.",
        "https://owl.example/night?a=1;2",
        "Told by Owl Post: May; the \\ release, at last of 2026-05-22.",
        "https://owl.example/may/",
    ]


def test_an_entry_says_nothing_that_is_not_known() -> None:
    (one,) = parsed(event("Owl Night", date(2026, 6, 5), url="mailto:owl@owl.example"))
    assert not {"LOCATION", "URL"} & set(one)


def test_the_whole_file_is_as_the_format_asks() -> None:
    night = event("Owl Night", date(2026, 6, 5), end=date(2026, 6, 7), location="Berlin", url="https://owl.example/night")
    data = calendar([told(night)], name="Owls", now=NOW).decode()
    assert data.replace("\r\n ", "") == "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//heartbeat-bot//events//EN",
            "X-WR-CALNAME:Owls",
            "BEGIN:VEVENT",
            "SUMMARY:Owl Night",
            "DTSTART;VALUE=DATE:20260605",
            "DTEND;VALUE=DATE:20260608",
            "DTSTAMP:20260522T093015Z",
            f"UID:{uid(told(night))}",
            "DESCRIPTION:https://owl.example/night\\nTold by Owl Post: May\\; the \\\\ release\\, at last of 2026-05-22.\\nhttps://owl.example/may/",
            "LOCATION:Berlin",
            "URL:https://owl.example/night",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )


def test_a_uid_stays_when_details_change_and_is_one_newsletters_own() -> None:
    night = event("Owl Night", date(2026, 6, 5))
    assert uid(told(night)) == uid(told(replace(night, title="Moved", start=date(2026, 6, 12))))
    assert uid(told(night)) != uid(told(night, "another"))
    assert uid(told(night)) != uid(MergedItem(key="k", event=night, listed=replace(LISTED, newsletter="lynx")))
    assert calendar([told(night)], name="Owls", now=NOW) == calendar([told(night)], name="Owls", now=NOW)


def test_no_events_make_an_empty_calendar() -> None:
    assert icalendar.Calendar.from_ical(calendar([], name="Owls", now=NOW)).walk("VEVENT") == []


@given(st.text(), st.text(), st.text())
def test_any_text_is_read_back_as_one_entry(title: str, place: str, name: str) -> None:
    listed = replace(LISTED, title=name)
    data = calendar(
        [
            MergedItem(
                key=title, event=event(title, date(2026, 6, 5), location=place, url=f"https://x.example/{place}"), listed=listed
            )
        ],
        name=name,
        now=NOW,
    )
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert len(icalendar.Calendar.from_ical(data).walk("VEVENT")) == 1


def test_the_library_is_loaded_only_when_a_calendar_is_made() -> None:
    code = "import sys, heartbeat_bot.archive.archive, heartbeat_bot.archive.calendar; sys.exit('icalendar' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
