"""Days and times as people write them: one row per way."""

from datetime import date, datetime

import pytest

from heartbeat_bot.extract.dates import find_dates

MAY = date(2026, 5, 10)
DECEMBER = date(2026, 12, 8)

DAYS = [
    ("from June 7-10 in Oslo", MAY, "2026-06-07..2026-06-10"),
    ("on June 7th", MAY, "2026-06-07"),
    ("on the 7th of June", MAY, "2026-06-07"),
    ("7 June 2027", MAY, "2027-06-07"),
    ("July 7nd", MAY, "2026-07-07"),
    ("On January 11th", DECEMBER, "2027-01-11"),
    ("December 12, 2026 – January 4", DECEMBER, "2026-12-12..2027-01-04"),
    ("Nov 20", DECEMBER, "2026-11-20"),
    ("August 31-September 1st", MAY, "2026-08-31..2026-09-01"),
    ("17 & 20 Nov", MAY, "2026-11-17 2026-11-20"),
    ("18 & 19 Nov", MAY, "2026-11-18..2026-11-19"),
    ("June 3, 5 and 9", MAY, "2026-06-03 2026-06-05 2026-06-09"),
    ("Sunday 16th - Thursday 20th October", MAY, "2026-10-16..2026-10-20"),
    ("Sun, Feb 28 and later", MAY, "2027-02-28"),
    ("2026-09-08 - 2026-09-11", None, "2026-09-08..2026-09-11"),
    ("2026/9/8", None, "2026-09-08"),
    ("10/11/2026", None, "2026-10-11"),
    ("25/11/2026", None, "2026-11-25"),
    ("8.9.2026", None, "2026-09-08"),
    ("12.-14.09.2026", None, "2026-09-12..2026-09-14"),
    ("vom 12.09. bis 14.09.2026", None, "2026-09-12..2026-09-14"),
    ("am 12.09. in Köln", MAY, "2026-09-12"),
    ("12. bis 14. September", MAY, "2026-09-12..2026-09-14"),
    ("Dienstag, 9. Juni", MAY, "2026-06-09"),
    ("1. März 2027", MAY, "2027-03-01"),
    ("du 12 au 14 septembre 2026", MAY, "2026-09-12..2026-09-14"),
    ("le 1er août", MAY, "2026-08-01"),
    ("12 de marzo de 2027", MAY, "2027-03-12"),
    ("22 a 24 de maio", MAY, "2026-05-22..2026-05-24"),
    ("5 e 6 de junho", MAY, "2026-06-05..2026-06-06"),
    ("12–14 giugno", MAY, "2026-06-12..2026-06-14"),
    ("12 t/m 14 maart 2027", MAY, "2027-03-12..2027-03-14"),
    ("2026年9月12日〜14日", MAY, "2026-09-12..2026-09-14"),
    ("9月30日(水)〜10月2日", MAY, "2026-09-30..2026-10-02"),
    ("2026년 9월 12일", MAY, "2026-09-12"),
    ("Meet us in May '27 on May 4, '27", MAY, "2027-05-04"),
    ("June 9 (Tuesday), then the 11th", MAY, "2026-06-09 2026-06-11"),
]
NO_DAYS = [
    "February 30, 2026",
    "2026-13-01",
    "31.02.2026",
    "13月40日",
    "June 2026",
    "you may 7 times",
    "version 1.2. is out",
    "the 3rd gen of 10 out of 20",
    "7-10 people",
    "TBA",
    "at 10.30.",
]
TIMES = [
    ("April 28th at 3:00pm UTC", "2026-04-28T15:00+00:00", None, "UTC"),
    ("June 24th at 3:00 pm UTC (8:00 am PDT)", "2026-06-24T15:00+00:00", None, "UTC"),
    ("2026-06-11: Meeting, 15:00 UTC", "2026-06-11T15:00+00:00", None, "UTC"),
    ("SAT, FEB 27, 2027, 9:30 AM IST", "2027-02-27T09:30+05:30", None, "Asia/Kolkata"),
    ("June 9, 6pm IST in Dublin", "2026-06-09T18:00+01:00", None, "Europe/Dublin"),
    ("June 9, 6pm IST (UTC+1)", "2026-06-09T18:00+01:00", None, "Europe/Dublin"),
    ("June 9, 9:30 AM IST (4:00 AM UTC)", "2026-06-09T09:30+05:30", None, "Asia/Kolkata"),
    ("January 9, 2027, 6pm IST, Tel Aviv", "2027-01-09T18:00+02:00", None, "Asia/Jerusalem"),
    ("June 9, 20:00 CST (Shanghai)", "2026-06-09T20:00+08:00", None, "Asia/Shanghai"),
    ("January 9, 2027, 20:00 CST", "2027-01-09T20:00-06:00", None, "America/Chicago"),
    ("June 9, 19:00 BST, Dhaka", "2026-06-09T19:00+06:00", None, "Asia/Dhaka"),
    ("June 9, 7–9 pm CEST", "2026-06-09T19:00+02:00", "2026-06-09T21:00+02:00", "Europe/Berlin"),
    ("June 9, 11-1 pm ET", "2026-06-09T11:00-04:00", "2026-06-09T13:00-04:00", "America/New_York"),
    ("June 9, 22:00-01:00 UTC", "2026-06-09T22:00+00:00", "2026-06-10T01:00+00:00", "UTC"),
    ("9. Juni, 19 Uhr MESZ", "2026-06-09T19:00+02:00", None, "Europe/Berlin"),
    ("le 9 juin à 19h30 CEST", "2026-06-09T19:30+02:00", None, "Europe/Berlin"),
    ("June 9 at 18:00 GMT+5:30", "2026-06-09T18:00+05:30", None, "+05:30"),
    ("June 9, 15:00 to 16:00 London time", "2026-06-09T15:00+01:00", "2026-06-09T16:00+01:00", "Europe/London"),
    ("11:00 am UK time on 9 June", "2026-06-09T11:00+01:00", None, "Europe/London"),
    ("June 9, from 17:00 to 18:00 pm UTC", "2026-06-09T17:00+00:00", "2026-06-09T18:00+00:00", "UTC"),
    ("June 9, 4pm Eastern Time", "2026-06-09T16:00-04:00", None, "America/New_York"),
    ("June 9 at 18:00", "2026-06-09", None, None),
    ("June 9, room 12 UTC building", "2026-06-09", None, None),
    ("June 9 at 25:00 UTC", "2026-06-09", None, None),
    ("June 9 9:00 UTC - June 10 17:00 UTC", "2026-06-09T09:00+00:00", "2026-06-10T17:00+00:00", "UTC"),
]


def written(text: str, issued: date | None) -> str:
    return " ".join(f"{when.start}..{when.end}" if when.end else f"{when.start}" for when in find_dates(text, issued))


@pytest.mark.parametrize(("text", "issued", "expected"), DAYS, ids=[row[0] for row in DAYS])
def test_days_are_read_as_people_write_them(text: str, issued: date | None, expected: str) -> None:
    assert written(text, issued) == expected


@pytest.mark.parametrize("text", NO_DAYS)
def test_what_is_no_day_is_not_read_as_one(text: str) -> None:
    assert written(text, MAY) == ""


@pytest.mark.parametrize(("text", "start", "end", "zone"), TIMES, ids=[row[0] for row in TIMES])
def test_times_count_when_their_zone_is_known(text: str, start: str, end: str | None, zone: str | None) -> None:
    (when,) = find_dates(text, MAY)

    def moment(words: str) -> date:
        return datetime.fromisoformat(words) if "T" in words else date.fromisoformat(words)

    assert (when.start, when.end, when.timezone) == (moment(start), moment(end) if end else None, zone)


def test_a_year_is_inferred_only_where_the_issue_has_a_day() -> None:
    assert find_dates("June 7", None) == ()


def test_a_text_that_looks_back_means_the_last_such_day() -> None:
    (when,) = find_dates("September 7", MAY, recap=True)
    assert when.start == date(2025, 9, 7)


def test_of_thousands_of_dates_in_a_line_sixty_are_read() -> None:
    assert len(find_dates("June 7; " * 5000, MAY)) == 60
