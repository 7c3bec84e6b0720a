"""The announce gate."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbeat_bot.delivery.gate import Facts, Rules, Ruling, Verdict, judge

NOW = datetime(2026, 8, 16, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=300)
RULES = Rules(hold=timedelta(minutes=10), max_age=timedelta(days=14), max_new_per_pass=3)


def rule(
    *,
    draft: bool = False,
    when: date | datetime | None = None,
    changed_at: datetime = LONG_AGO,
    first_run: bool = False,
    **past: bool,
) -> Ruling:
    return judge({"it": Facts(draft=draft, date=when, changed_at=changed_at, **past)}, RULES, now=NOW, first_run=first_run)["it"]


@pytest.mark.parametrize(
    ("when", "verdict"),
    [
        (None, Verdict.ANNOUNCE),
        (date(2026, 8, 16), Verdict.ANNOUNCE),
        (date(2026, 8, 17), Verdict.FUTURE),
        (datetime(2026, 8, 16, 11, 59, tzinfo=UTC), Verdict.ANNOUNCE),
        (datetime(2026, 8, 16, 12, 1, tzinfo=UTC), Verdict.FUTURE),
        (datetime(2026, 8, 16, 12, 1), Verdict.FUTURE),  # noqa: DTZ001 (a time without a zone is the case)
        (datetime(2026, 8, 16, 13, 30, tzinfo=timezone(timedelta(hours=2))), Verdict.ANNOUNCE),
        (date(2026, 8, 2), Verdict.ANNOUNCE),
        (date(2026, 8, 1), Verdict.TOO_OLD),
        (datetime(2026, 8, 2, 11, 59, tzinfo=UTC), Verdict.TOO_OLD),
        (date.max, Verdict.FUTURE),
    ],
)
def test_a_date_must_have_come_and_not_be_too_long_ago(when: date | None, verdict: Verdict) -> None:
    assert rule(when=when).verdict is verdict


def test_an_issue_dated_tomorrow_waits_until_midnight_in_utc() -> None:
    ruling = rule(when=date(2026, 8, 17))
    assert ruling.until == datetime(2026, 8, 17, tzinfo=UTC)
    assert ruling.why == "its date is in the future: it waits until 2026-08-17 00:00 UTC"


def test_an_issue_changed_a_moment_ago_is_held_until_it_has_rested() -> None:
    ruling = rule(changed_at=NOW - timedelta(minutes=9))
    assert (ruling.verdict, ruling.until) == (Verdict.HELD, NOW + timedelta(minutes=1))
    assert rule(changed_at=NOW - timedelta(minutes=10)).verdict is Verdict.ANNOUNCE


def test_the_first_run_announces_nothing_but_lets_drafts_and_dated_ones_become_news() -> None:
    assert rule(first_run=True).verdict is Verdict.BASELINE
    assert rule(first_run=True, draft=True).verdict is Verdict.DRAFT
    assert rule(first_run=True, when=date(2026, 9, 1)).verdict is Verdict.FUTURE
    assert rule(baseline=True).verdict is Verdict.BASELINE


def test_an_announced_issue_stays_announced_whatever_becomes_of_it() -> None:
    assert rule(announced=True, draft=True, when=date(2030, 1, 1), changed_at=NOW).verdict is Verdict.ANNOUNCED


def test_an_approved_issue_may_be_old_but_no_draft() -> None:
    assert rule(approved=True, when=date(2020, 1, 1), baseline=True, waiting=True).verdict is Verdict.ANNOUNCE
    assert rule(approved=True, draft=True).verdict is Verdict.DRAFT


def test_more_than_allowed_in_one_pass_wait_all_for_a_moderator() -> None:
    crowd = {number: Facts(draft=False, date=None, changed_at=LONG_AGO) for number in range(4)}
    assert {ruling.verdict for ruling in judge(crowd, RULES, now=NOW).values()} == {Verdict.WAITING}
    del crowd[0]
    assert {ruling.verdict for ruling in judge(crowd, RULES, now=NOW).values()} == {Verdict.ANNOUNCE}


def test_the_rest_of_a_crowd_goes_on_waiting_when_some_are_approved() -> None:
    crowd = {number: Facts(draft=False, date=None, changed_at=LONG_AGO, waiting=True, approved=number < 3) for number in range(4)}
    assert [ruling.verdict.name for ruling in judge(crowd, RULES, now=NOW).values()] == ["ANNOUNCE"] * 3 + ["WAITING"]


@settings(deadline=None, max_examples=100)
@given(
    crowd=st.lists(
        st.builds(
            Facts,
            draft=st.booleans(),
            date=st.none() | st.dates(date(2026, 7, 1), date(2026, 9, 1)),
            changed_at=st.datetimes(datetime(2026, 8, 16, 11), datetime(2026, 8, 16, 13), timezones=st.just(UTC)),  # noqa: DTZ001
            announced=st.booleans(),
            baseline=st.booleans(),
            waiting=st.booleans(),
        )
    )
)
def test_never_more_than_allowed_are_announced_together_and_every_ruling_says_why(crowd: list[Facts]) -> None:
    rulings = judge(dict(enumerate(crowd)), RULES, now=NOW)
    assert sum(ruling.verdict is Verdict.ANNOUNCE for ruling in rulings.values()) <= RULES.max_new_per_pass
    assert all(ruling.why for ruling in rulings.values())
    assert all(ruling.until is None or ruling.until > NOW for ruling in rulings.values())
