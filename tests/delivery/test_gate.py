"""The announce gate."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbeat_bot.store.decisions import Ruling, Verdict
from heartbeat_bot.sync.policy import Facts, Removal, Rules, judge, judge_removals

NOW = datetime(2026, 8, 16, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=300)
RULES = Rules(hold=timedelta(minutes=10), max_age=timedelta(days=14), max_new_per_pass=3)


def rule(
    *,
    draft: bool = False,
    when: date | datetime | None = None,
    changed_at: datetime = LONG_AGO,
    first_run: bool = False,
    **past: object,
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
            on_hold=st.booleans(),
            skipped=st.booleans(),
        )
    )
)
def test_never_more_than_allowed_are_announced_together_and_every_ruling_says_why(crowd: list[Facts]) -> None:
    rulings = judge(dict(enumerate(crowd)), RULES, now=NOW)
    assert sum(ruling.verdict is Verdict.ANNOUNCE for ruling in rulings.values()) <= RULES.max_new_per_pass
    assert all(ruling.why for ruling in rulings.values())
    assert all(ruling.until is None or ruling.until > NOW for ruling in rulings.values())


DAY = timedelta(days=1)
WINDOW = Rules(hold=timedelta(minutes=10), max_age=timedelta(days=14), max_new_per_pass=3, edit_window=timedelta(days=30))


def after(days: int, **facts: object) -> Ruling:
    """Rule on an issue that was announced and delivered that many days ago."""
    announced = NOW - timedelta(days=days)
    past = {
        "draft": False,
        "date": None,
        "changed_at": NOW,
        "announced": True,
        "announced_at": announced,
        "delivered": True,
    } | facts
    return judge({"it": Facts(**past)}, WINDOW, now=NOW)["it"]


def test_a_change_within_the_edit_window_is_sent_and_a_later_one_noted() -> None:
    assert after(29).deliver
    late = after(31)
    assert (late.deliver, late.late, late.why) == (False, True, "it has been announced; changed after its edit window: not sent")


def test_a_change_that_came_in_time_or_that_a_moderator_asked_for_is_sent_late_too() -> None:
    assert after(31, changed_at=NOW - 2 * DAY).deliver
    assert after(31, asked=True).deliver


def test_what_messages_show_already_is_not_sent_again_and_another_rendering_only_in_the_window() -> None:
    assert not after(1, current=True, same_text=True).deliver
    assert after(1, same_text=True).deliver
    old = after(31, same_text=True, changed_at=NOW - 40 * DAY)
    assert (old.deliver, old.late) == (False, False)


def test_a_delivery_that_began_is_finished_whatever_the_file_says_by_now() -> None:
    assert after(40, delivered=False, draft=True).deliver
    assert not after(1, draft=True).deliver
    assert not after(1, delivered=False, broken="the front matter is not closed").deliver


def test_a_file_that_cannot_be_read_is_no_news_and_says_why() -> None:
    ruling = rule(broken="the front matter is not closed")
    assert (ruling.verdict, ruling.why) == (Verdict.BROKEN, "it cannot be read: the front matter is not closed")
    assert rule(broken="x", first_run=True).verdict is Verdict.BASELINE


def test_an_unsure_issue_waits_unless_it_is_no_news_anyway_or_approved() -> None:
    assert rule(doubt="it says the same as a.md").verdict is Verdict.UNSURE
    assert rule(doubt="it says the same as a.md", when=date(2020, 1, 1)).verdict is Verdict.TOO_OLD
    assert rule(doubt="it says the same as a.md", approved=True).verdict is Verdict.ANNOUNCE


def test_a_date_put_right_soon_makes_news_and_a_date_touched_late_does_not() -> None:
    today = {"draft": False, "date": NOW.date(), "changed_at": NOW - DAY, "too_old": True}
    soon = judge({"it": Facts(**today, listed_at=NOW - 13 * DAY)}, RULES, now=NOW)["it"]
    late = judge({"it": Facts(**today, listed_at=NOW - 15 * DAY)}, RULES, now=NOW)["it"]
    assert (soon.verdict, late.verdict) == (Verdict.ANNOUNCE, Verdict.TOO_OLD)


def test_an_issue_rests_since_it_was_listed_too() -> None:
    facts = Facts(draft=False, date=None, changed_at=LONG_AGO, listed_at=NOW - timedelta(minutes=9))
    assert judge({"it": facts}, RULES, now=NOW)["it"].until == NOW + timedelta(minutes=1)


def test_those_that_came_within_the_hold_of_each_other_came_at_once() -> None:
    def came(minutes: int, **more: bool) -> Facts:
        return Facts(draft=False, date=None, changed_at=NOW - timedelta(minutes=minutes), **more)

    held = {number: came(10 - 3 * number) for number in range(4)}
    assert [ruling.verdict.name for ruling in judge(held, RULES, now=NOW).values()] == ["WAITING", "HELD", "HELD", "HELD"]
    apart = {number: came(10 + 11 * number, announced=number > 0) for number in range(6)}
    assert judge(apart, RULES, now=NOW)[0].verdict is Verdict.ANNOUNCE


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"broken": "x"},
        {"draft": True},
        {"when": date(2030, 1, 1)},
        {"when": date(2020, 1, 1)},
        {"doubt": "x"},
        {"baseline": True},
        {"approved": True},
        {"scheduled": NOW},
        {"changed_at": NOW},
        {"waiting": True},
    ],
    ids=str,
)
def test_an_issue_on_hold_waits_whatever_else_is_said_of_it(facts: dict[str, object]) -> None:
    ruling = rule(on_hold=True, **facts)  # type: ignore[arg-type]
    assert (ruling.verdict, ruling.why, ruling.until) == (Verdict.WAITING, "a moderator put it on hold", None)


def test_what_is_announced_cannot_be_held_scheduled_or_skipped_any_more() -> None:
    assert rule(announced=True, on_hold=True, scheduled=NOW + DAY, skipped=True).verdict is Verdict.ANNOUNCED


def test_a_scheduled_issue_is_held_until_its_instant_and_is_as_if_approved_from_then_on() -> None:
    past = {"when": date(2020, 1, 1), "baseline": True, "doubt": "x", "waiting": True}
    held = rule(scheduled=NOW + timedelta(minutes=5), **past)  # type: ignore[arg-type]
    assert (held.verdict, held.until) == (Verdict.HELD, NOW + timedelta(minutes=5))
    assert held.why == "a moderator scheduled it: it is held until 2026-08-16 12:05 UTC"
    there = timezone(timedelta(hours=5, minutes=30))
    assert rule(scheduled=NOW.astimezone(there), **past).verdict is Verdict.ANNOUNCE  # type: ignore[arg-type]


def test_a_schedule_waits_for_the_draft_the_file_the_date_and_the_rest_all_the_same() -> None:
    assert rule(scheduled=NOW, draft=True).verdict is Verdict.DRAFT
    assert rule(scheduled=NOW, broken="x").verdict is Verdict.BROKEN
    assert rule(scheduled=NOW, when=date(2026, 8, 17)).verdict is Verdict.FUTURE
    assert rule(scheduled=NOW, changed_at=NOW).verdict is Verdict.HELD


def test_a_skipped_issue_is_known_and_says_who_said_so() -> None:
    ruling = rule(baseline=True, skipped=True)
    assert (ruling.verdict, ruling.why) == (Verdict.BASELINE, "a moderator skipped it")
    assert rule(baseline=True, skipped=True, approved=True).verdict is Verdict.ANNOUNCE


def test_scheduled_issues_do_not_count_among_those_that_came_at_once() -> None:
    def come(**more: object) -> Facts:
        return Facts(draft=False, date=None, changed_at=LONG_AGO, **more)  # type: ignore[arg-type]

    issues = {number: come(scheduled=(None, NOW, NOW + DAY)[min(number, 2)]) for number in range(6)}
    rulings = judge(issues, RULES, now=NOW)
    assert [ruling.verdict.name for ruling in rulings.values()] == ["ANNOUNCE", "ANNOUNCE", "HELD", "HELD", "HELD", "HELD"]


def test_an_issue_that_waits_because_every_one_does_says_so_in_every_pass() -> None:
    each = Rules(hold=timedelta(minutes=10), max_age=None, max_new_per_pass=0)
    for waiting in (False, True):
        facts = Facts(draft=False, date=None, changed_at=LONG_AGO, waiting=waiting)
        ruling = judge({"it": facts}, each, now=NOW)["it"]
        assert (ruling.verdict, ruling.why) == (
            Verdict.WAITING,
            "every issue of this newsletter waits for a moderator's approval",
        )


def removal(minutes: int = 60, **more: bool) -> Removal:
    return Removal(gone_at=NOW - timedelta(minutes=minutes), **({"confirmed": True, "shown": True} | more))


def test_messages_of_a_removed_issue_go_only_when_asked_for_rested_confirmed_and_sure() -> None:
    cases = {
        "go": removal(),
        "not rested": removal(9),
        "not confirmed": removal(confirmed=False),
        "doubted": removal(doubted=True),
        "nothing there": removal(shown=False),
    }
    alone = {name: judge_removals({name: case}, RULES, now=NOW, retract=True)[0] for name, case in cases.items()}
    assert {name for name, gone in alone.items() if gone} == {"go"}
    assert judge_removals(cases, RULES, now=NOW, retract=False)[0] == frozenset()


def test_many_that_went_at_once_stay_also_when_a_moderator_took_some_back() -> None:
    many = {number: removal() for number in range(4)}
    assert judge_removals(many, RULES, now=NOW, retract=True)[0] == frozenset()
    some = many | {0: removal(taken_back=True), 1: removal(taken_back=True)}
    going, why = judge_removals(some, RULES, now=NOW, retract=True)
    assert going == frozenset()
    assert why[2] == "its file went away with 3 others: a moderator must say whether their messages go"
