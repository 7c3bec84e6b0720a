"""One event in many issues is one event, with its latest details."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from heartbeat_bot.extract.agenda import agenda, event_key
from heartbeat_bot.extract.items import Event, EventKind

PAGE = "https://www.meetup.com/owls/events/77/"
NIGHT = Event(
    title="Owl Night",
    start=date(2026, 6, 5),
    end=None,
    timezone=None,
    location=None,
    online=False,
    url=PAGE,
    section="Events",
    line=9,
)
APRIL, MAY = date(2026, 4, 1), date(2026, 5, 1)

SAME = [
    ("the same page, tracked", {"url": "http://meetup.com/owls/events/77?utm_source=owl#top"}),
    ("the same page, another day", {"start": date(2026, 7, 9)}),
    ("the same page, another title", {"title": "Owl Night (sold out)"}),
]
OTHER = [
    ("another page", {"url": "https://www.meetup.com/owls/events/78/"}),
    ("a deadline", {"kind": EventKind.DEADLINE}),
]


@pytest.mark.parametrize("change", [row[1] for row in SAME], ids=[row[0] for row in SAME])
def test_the_page_of_an_event_identifies_it(change: dict[str, object]) -> None:
    assert event_key(replace(NIGHT, **change)) == event_key(NIGHT)


@pytest.mark.parametrize("change", [row[1] for row in OTHER], ids=[row[0] for row in OTHER])
def test_another_page_or_kind_is_another_event(change: dict[str, object]) -> None:
    assert event_key(replace(NIGHT, **change)) != event_key(NIGHT)


def test_an_address_of_many_events_identifies_one_only_with_its_day() -> None:
    group = replace(NIGHT, url="https://owl.example/")
    assert event_key(group) == event_key(replace(group, url="http://www.owl.example", title="Hoot"))
    assert event_key(group) != event_key(replace(group, start=date(2026, 6, 6)))


def test_without_an_address_the_letters_of_the_title_count() -> None:
    bare = replace(NIGHT, url=None)
    assert event_key(bare) == event_key(replace(bare, title="OWL night!"))


def merged(*issues: tuple[date, Sequence[Event]]) -> tuple[Event, ...]:
    return tuple(item.event for item in agenda(issues))


def test_the_latest_details_count_and_earlier_ones_fill_the_gaps() -> None:
    early = replace(NIGHT, location="Oslo", start=datetime(2026, 6, 5, 18, tzinfo=UTC), timezone="UTC")
    late = replace(NIGHT, title="Owl Night II", section="Meetups")
    expected = replace(late, location="Oslo", start=early.start, timezone="UTC")
    assert merged((MAY, [late]), (APRIL, [early])) == (expected,)


def test_an_event_that_was_put_off_has_its_new_day_and_not_its_old_place() -> None:
    late = replace(NIGHT, start=date(2026, 7, 9))
    assert merged((APRIL, [replace(NIGHT, location="Oslo")]), (MAY, [late])) == (late,)


def test_an_event_with_an_address_is_the_one_that_had_none() -> None:
    assert merged((APRIL, [replace(NIGHT, url=None)]), (MAY, [NIGHT])) == (NIGHT,)
    assert merged((APRIL, [NIGHT]), (MAY, [replace(NIGHT, url=None)])) == (NIGHT,)


def test_several_days_at_one_address_are_several_events() -> None:
    second = replace(NIGHT, start=date(2026, 6, 12))
    assert merged((APRIL, [NIGHT, second]), (MAY, [NIGHT, second])) == (NIGHT, second)


def test_events_come_by_day() -> None:
    later = replace(NIGHT, start=date(2026, 6, 12), url="https://o.example/2", title="B")
    first = replace(NIGHT, start=datetime(2026, 6, 5, 18, tzinfo=UTC), url="https://o.example/1", title="A")
    assert merged((MAY, [later, first, NIGHT])) == (NIGHT, first, later)
