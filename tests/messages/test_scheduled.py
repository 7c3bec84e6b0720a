"""An event of an issue as a server's event: when it is, where, and what there is to read, within Discord's limits."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartbeat_bot.extract.items import Event
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.scheduled import Scheduled, scheduled

LISBON = ZoneInfo("Europe/Lisbon")
NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)


def event(
    start: date | datetime,
    end: date | datetime | None = None,
    *,
    zone: str | None = None,
    title: str = "Pond party",
    place: str | None = "Lisbon",
    online: bool = False,
    url: str | None = "https://example.org/pond",
) -> Event:
    return Event(title=title, start=start, end=end, timezone=zone, location=place, online=online, url=url, section="Events", line=1)


def made(of: Event, *, issue: str = "July's Heat", issue_url: str = "https://example.org/issues/july") -> Scheduled:
    found = scheduled(of, issue=issue, issue_url=issue_url)
    assert found
    return found


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


SPANS = [
    ("a day without a zone", event(date(2026, 9, 9)), "2026-09-09T09:00", "2026-09-09T18:00"),
    ("a day in its own zone", event(date(2026, 9, 9), zone="Europe/Lisbon"), "2026-09-09T08:00", "2026-09-09T17:00"),
    ("a day in an offset", event(date(2026, 9, 9), zone="+05:30"), "2026-09-09T03:30", "2026-09-09T12:30"),
    ("a day west of UTC", event(date(2026, 9, 9), zone="-08:00"), "2026-09-09T17:00", "2026-09-10T02:00"),
    ("a zone that nobody knows", event(date(2026, 9, 9), zone="Moon/Base"), "2026-09-09T09:00", "2026-09-09T18:00"),
    ("an offset that is none", event(date(2026, 9, 9), zone="+99:00"), "2026-09-09T09:00", "2026-09-09T18:00"),
    ("several days", event(date(2026, 9, 9), date(2026, 9, 11)), "2026-09-09T09:00", "2026-09-11T18:00"),
    (
        "over a change of clocks",
        event(date(2026, 10, 24), date(2026, 10, 26), zone="Europe/Lisbon"),
        "2026-10-24T08:00",
        "2026-10-26T18:00",
    ),
    ("an instant", event(datetime(2026, 9, 9, 19, 30, tzinfo=LISBON)), "2026-09-09T18:30", "2026-09-09T20:30"),
    (
        "two instants",
        event(datetime(2026, 9, 9, 19, 30, tzinfo=LISBON), datetime(2026, 9, 9, 23, tzinfo=LISBON)),
        "2026-09-09T18:30",
        "2026-09-09T22:00",
    ),
    (
        "an instant and a last day",
        event(datetime(2026, 9, 9, 19, 30, tzinfo=LISBON), date(2026, 9, 11)),
        "2026-09-09T18:30",
        "2026-09-11T17:00",
    ),
    (
        "an end before the start",
        event(datetime(2026, 9, 9, 19, 30, tzinfo=UTC), datetime(2026, 9, 9, 18, tzinfo=UTC)),
        "2026-09-09T19:30",
        "2026-09-09T21:30",
    ),
]


@pytest.mark.parametrize(("of", "start", "end"), [case[1:] for case in SPANS], ids=[case[0] for case in SPANS])
def test_when_an_event_is(of: Event, start: str, end: str) -> None:
    found = made(of)
    assert (found.start, found.end) == (at(start), at(end))


def test_a_time_that_no_calendar_holds_is_none() -> None:
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=-3)))
    assert scheduled(event(last), issue="x", issue_url="") is None


PLACES = [
    ("its place", event(NOW), "Lisbon"),
    ("its place when it is hybrid", event(NOW, online=True), "Lisbon"),
    ("its page when it is online", event(NOW, place="Online", online=True), "https://example.org/pond"),
    ("a word when it has no page", event(NOW, place=None, online=True, url=None), "Online"),
    (
        "a word when its page's address is too long",
        event(NOW, place=None, online=True, url="https://a.example/" + "x" * 99),
        "Online",
    ),
    ("its page when nothing is said", event(NOW, place=None), "https://example.org/pond"),
    ("a hint when nothing is known", event(NOW, place=None, url=None), "See the description"),
    ("a hint when its address is no page", event(NOW, place=" \n", url="mailto:ann@example.org"), "See the description"),
]


@pytest.mark.parametrize(("of", "place"), [case[1:] for case in PLACES], ids=[case[0] for case in PLACES])
def test_where_an_event_is(of: Event, place: str) -> None:
    assert made(of).location == place


def test_the_description_names_the_page_and_the_issue() -> None:
    assert made(event(NOW)).description == "https://example.org/pond\nFrom: July's Heat\nhttps://example.org/issues/july"
    assert made(event(NOW, url=None), issue_url="").description == "From: July's Heat"


def test_an_address_that_does_not_fit_is_left_out_whole() -> None:
    long = "https://example.org/" + "x" * 900
    found = made(event(NOW, url=long), issue_url=long + "/issue", issue="i" * 400)
    assert found.description == f"From: {'i' * 249}…"
    assert found.link == long


@given(title=st.text(), place=st.text() | st.none(), url=st.text(), issue=st.text(), day=st.dates(), online=st.booleans())
def test_whatever_an_issue_says_discord_takes_it(
    title: str, place: str | None, url: str, issue: str, day: date, *, online: bool
) -> None:
    of = event(day, title=title, place=place, url=f"https://example.org/{url}", online=online)
    found = scheduled(of, issue=issue, issue_url=f"https://example.org/{url}/issue")
    if found is None:
        return
    body = found.body(found.start - timedelta(hours=1)) if found.start > at("0002-01-01T00:00") else found.body(found.start)
    for text, most in (
        (body["name"], limits.EVENT_NAME),
        (body["description"], limits.EVENT_DESCRIPTION),
        (body["entity_metadata"]["location"], limits.EVENT_LOCATION),
    ):
        assert 1 <= len(text) <= most
        assert text.strip() == text
    assert found.end > found.start


def test_what_has_begun_begins_in_a_moment_and_what_is_over_is_over() -> None:
    party = made(event(date(2026, 8, 1)))
    body = party.body(NOW)
    assert (body["scheduled_start_time"], body["scheduled_end_time"]) == ("2026-08-01T12:02:00+00:00", "2026-08-01T18:00:00+00:00")
    assert not party.is_over(at("2026-08-01T17:57"))
    assert party.is_over(at("2026-08-01T17:58"))


def shown(of: Scheduled, start: str) -> Scheduled:
    return Scheduled(name=of.name, description=of.description, location=of.location, start=at(start), end=of.end)


STARTS = [
    ("it is to come and has the same start", "2026-09-09", "2026-09-09T09:00", None),
    ("it is to come and starts at another time", "2026-09-09", "2026-09-09T10:00", "2026-09-09T09:00:00+00:00"),
    ("it goes on", "2026-08-01", "2026-08-01T09:30", None),
    ("it goes on and was made late", "2026-08-01", "2026-08-01T12:02", None),
    ("it goes on and the server thinks that it begins later", "2026-08-01", "2026-08-01T14:00", "2026-08-01T12:02:00+00:00"),
    ("the server thinks that it goes on and it was put off", "2026-09-09", "2026-08-01T09:30", "2026-09-09T09:00:00+00:00"),
]


@pytest.mark.parametrize(("day", "start", "change"), [case[1:] for case in STARTS], ids=[case[0] for case in STARTS])
def test_a_start_is_changed_when_it_is_another_and_not_behind(day: str, start: str, change: str | None) -> None:
    party = made(event(date.fromisoformat(day)))
    assert party.changes(shown(party, start), NOW) == ({"scheduled_start_time": change} if change else {})


def test_only_what_is_shown_otherwise_is_changed() -> None:
    party = made(event(date(2026, 9, 9)))
    other = made(event(date(2026, 9, 9), date(2026, 9, 10), title="Lake party", place="Porto", url=None))
    assert set(other.changes(party, NOW)) == {"name", "description", "entity_metadata", "scheduled_end_time"}


def test_the_digest_is_of_the_event_and_not_of_the_issue_that_tells_of_it() -> None:
    party = event(date(2026, 9, 9))
    assert made(party).digest == made(party, issue="August", issue_url="https://example.org/issues/august").digest
    others = [
        event(date(2026, 9, 10)),
        event(date(2026, 9, 9), title="Lake party"),
        event(date(2026, 9, 9), place="Porto"),
        event(date(2026, 9, 9), url=None),
    ]
    assert len({made(other).digest for other in (party, *others)}) == 5
