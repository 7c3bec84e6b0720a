"""The announce policy."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbeat_bot.identity.doubts import Doubt, DoubtCode
from heartbeat_bot.policy.decisions import Code, Decision, Reason, State
from heartbeat_bot.policy.policy import Facts, Removal, Rules, decide, decide_removals
from heartbeat_bot.sync.wording import why

NOW = datetime(2026, 8, 16, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=300)
COPY = Doubt(code=DoubtCode.COPY, path="a.md")
RULES = Rules(hold=timedelta(minutes=10), max_age=timedelta(days=14), max_new_per_pass=3)


def alone(
    *,
    draft: bool = False,
    when: date | datetime | None = None,
    changed_at: datetime = LONG_AGO,
    first_run: bool = False,
    **past: object,
) -> Decision:
    return decide({"it": Facts(draft=draft, date=when, changed_at=changed_at, **past)}, RULES, now=NOW, first_run=first_run)["it"]


@pytest.mark.parametrize(
    ("when", "state"),
    [
        (None, State.ANNOUNCE),
        (date(2026, 8, 16), State.ANNOUNCE),
        (date(2026, 8, 17), State.FUTURE),
        (datetime(2026, 8, 16, 11, 59, tzinfo=UTC), State.ANNOUNCE),
        (datetime(2026, 8, 16, 12, 1, tzinfo=UTC), State.FUTURE),
        (datetime(2026, 8, 16, 12, 1), State.FUTURE),  # noqa: DTZ001 (a time without a zone is the case)
        (datetime(2026, 8, 16, 13, 30, tzinfo=timezone(timedelta(hours=2))), State.ANNOUNCE),
        (date(2026, 8, 2), State.ANNOUNCE),
        (date(2026, 8, 1), State.TOO_OLD),
        (datetime(2026, 8, 2, 11, 59, tzinfo=UTC), State.TOO_OLD),
        (date.max, State.FUTURE),
    ],
)
def test_a_date_must_have_come_and_not_be_too_long_ago(when: date | None, state: State) -> None:
    assert alone(when=when).state is state


def test_an_issue_dated_tomorrow_waits_until_midnight_in_utc() -> None:
    decision = alone(when=date(2026, 8, 17))
    assert decision.until == datetime(2026, 8, 17, tzinfo=UTC)
    assert decision.reason == Reason(Code.DATE_TO_COME, at=datetime(2026, 8, 17, tzinfo=UTC))


def test_an_issue_changed_a_moment_ago_is_held_until_it_has_rested() -> None:
    decision = alone(changed_at=NOW - timedelta(minutes=9))
    assert (decision.state, decision.until) == (State.HELD, NOW + timedelta(minutes=1))
    assert alone(changed_at=NOW - timedelta(minutes=10)).state is State.ANNOUNCE


def test_the_first_run_announces_nothing_but_lets_drafts_and_dated_ones_become_news() -> None:
    assert alone(first_run=True).state is State.BASELINE
    assert alone(first_run=True, draft=True).state is State.DRAFT
    assert alone(first_run=True, when=date(2026, 9, 1)).state is State.FUTURE
    assert alone(baseline=True).state is State.BASELINE


def test_an_announced_issue_stays_announced_whatever_becomes_of_it() -> None:
    assert alone(announced=True, draft=True, when=date(2030, 1, 1), changed_at=NOW).state is State.ANNOUNCED


def test_an_approved_issue_may_be_old_but_no_draft() -> None:
    assert alone(approved=True, when=date(2020, 1, 1), baseline=True, waits_for=Code.TOO_MANY).state is State.ANNOUNCE
    assert alone(approved=True, draft=True).state is State.DRAFT


def test_more_than_allowed_in_one_pass_wait_all_for_a_moderator() -> None:
    crowd = {number: Facts(draft=False, date=None, changed_at=LONG_AGO) for number in range(4)}
    assert {decision.state for decision in decide(crowd, RULES, now=NOW).values()} == {State.WAITING}
    del crowd[0]
    assert {decision.state for decision in decide(crowd, RULES, now=NOW).values()} == {State.ANNOUNCE}


def test_the_rest_of_a_crowd_goes_on_waiting_when_some_are_approved() -> None:
    crowd = {
        number: Facts(draft=False, date=None, changed_at=LONG_AGO, waits_for=Code.TOO_MANY, approved=number < 3)
        for number in range(4)
    }
    assert [decision.state.name for decision in decide(crowd, RULES, now=NOW).values()] == ["ANNOUNCE"] * 3 + ["WAITING"]


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
            waits_for=st.sampled_from([None, Code.TOO_MANY, Code.EVERY_ISSUE, Code.OTHER_THAN_APPROVED]),
            on_hold=st.booleans(),
            skipped=st.booleans(),
        )
    )
)
def test_never_more_than_allowed_are_announced_together_and_every_decision_says_why(crowd: list[Facts]) -> None:
    decisions = decide(dict(enumerate(crowd)), RULES, now=NOW)
    assert sum(decision.state is State.ANNOUNCE for decision in decisions.values()) <= RULES.max_new_per_pass
    assert all(why(decision.reason) for decision in decisions.values())
    assert all(decision.until is None or decision.until > NOW for decision in decisions.values())


DAY = timedelta(days=1)
WINDOW = Rules(hold=timedelta(minutes=10), max_age=timedelta(days=14), max_new_per_pass=3, edit_window=timedelta(days=30))


def after(days: int, **facts: object) -> Decision:
    """Decide about an issue that was announced and delivered that many days ago."""
    announced = NOW - timedelta(days=days)
    past = {
        "draft": False,
        "date": None,
        "changed_at": NOW,
        "announced": True,
        "announced_at": announced,
        "delivered": True,
    } | facts
    return decide({"it": Facts(**past)}, WINDOW, now=NOW)["it"]


def test_a_change_within_the_edit_window_is_sent_and_a_later_one_noted() -> None:
    assert after(29).deliver
    late = after(31)
    assert (late.deliver, late.late, late.reason) == (False, True, Reason(Code.EDIT_LATE))


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
    decision = alone(broken="the front matter is not closed")
    assert (decision.state, decision.reason) == (State.BROKEN, Reason(Code.BROKEN, text="the front matter is not closed"))
    assert alone(broken="x", first_run=True).state is State.BASELINE


def test_an_unsure_issue_waits_unless_it_is_no_news_anyway_or_approved() -> None:
    assert alone(doubt=COPY).state is State.UNSURE
    assert alone(doubt=COPY, when=date(2020, 1, 1)).state is State.TOO_OLD
    assert alone(doubt=COPY, approved=True).state is State.ANNOUNCE


def test_a_date_put_right_soon_makes_news_and_a_date_touched_late_does_not() -> None:
    today = {"draft": False, "date": NOW.date(), "changed_at": NOW - DAY, "too_old": True}
    soon = decide({"it": Facts(**today, listed_at=NOW - 13 * DAY)}, RULES, now=NOW)["it"]
    late = decide({"it": Facts(**today, listed_at=NOW - 15 * DAY)}, RULES, now=NOW)["it"]
    assert (soon.state, late.state) == (State.ANNOUNCE, State.TOO_OLD)


def test_an_issue_rests_since_it_was_listed_too() -> None:
    facts = Facts(draft=False, date=None, changed_at=LONG_AGO, listed_at=NOW - timedelta(minutes=9))
    assert decide({"it": facts}, RULES, now=NOW)["it"].until == NOW + timedelta(minutes=1)


def test_those_that_came_within_the_hold_of_each_other_came_at_once() -> None:
    def came(minutes: int, **more: bool) -> Facts:
        return Facts(draft=False, date=None, changed_at=NOW - timedelta(minutes=minutes), **more)

    held = {number: came(10 - 3 * number) for number in range(4)}
    assert [decision.state.name for decision in decide(held, RULES, now=NOW).values()] == ["WAITING", "HELD", "HELD", "HELD"]
    apart = {number: came(10 + 11 * number, announced=number > 0) for number in range(6)}
    assert decide(apart, RULES, now=NOW)[0].state is State.ANNOUNCE


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"broken": "x"},
        {"draft": True},
        {"when": date(2030, 1, 1)},
        {"when": date(2020, 1, 1)},
        {"doubt": COPY},
        {"baseline": True},
        {"approved": True},
        {"scheduled": NOW},
        {"changed_at": NOW},
        {"waits_for": Code.TOO_MANY},
    ],
    ids=str,
)
def test_an_issue_on_hold_waits_whatever_else_is_said_of_it(facts: dict[str, object]) -> None:
    decision = alone(on_hold=True, **facts)  # type: ignore[arg-type]
    assert (decision.state, decision.reason, decision.until) == (State.WAITING, Reason(Code.ON_HOLD), None)


def test_what_is_announced_cannot_be_held_scheduled_or_skipped_any_more() -> None:
    assert alone(announced=True, on_hold=True, scheduled=NOW + DAY, skipped=True).state is State.ANNOUNCED


def test_a_scheduled_issue_is_held_until_its_instant_and_is_as_if_approved_from_then_on() -> None:
    past = {"when": date(2020, 1, 1), "baseline": True, "doubt": COPY, "waits_for": Code.TOO_MANY}
    held = alone(scheduled=NOW + timedelta(minutes=5), **past)  # type: ignore[arg-type]
    assert (held.state, held.until) == (State.HELD, NOW + timedelta(minutes=5))
    assert held.reason == Reason(Code.SCHEDULED, at=NOW + timedelta(minutes=5))
    there = timezone(timedelta(hours=5, minutes=30))
    assert alone(scheduled=NOW.astimezone(there), **past).state is State.ANNOUNCE  # type: ignore[arg-type]


def test_a_schedule_waits_for_the_draft_the_file_the_date_and_the_rest_all_the_same() -> None:
    assert alone(scheduled=NOW, draft=True).state is State.DRAFT
    assert alone(scheduled=NOW, broken="x").state is State.BROKEN
    assert alone(scheduled=NOW, when=date(2026, 8, 17)).state is State.FUTURE
    assert alone(scheduled=NOW, changed_at=NOW).state is State.HELD


def test_a_skipped_issue_is_known_and_says_who_said_so() -> None:
    decision = alone(baseline=True, skipped=True)
    assert (decision.state, decision.reason) == (State.BASELINE, Reason(Code.SKIPPED))
    assert alone(baseline=True, skipped=True, approved=True).state is State.ANNOUNCE


def test_scheduled_issues_do_not_count_among_those_that_came_at_once() -> None:
    def come(**more: object) -> Facts:
        return Facts(draft=False, date=None, changed_at=LONG_AGO, **more)  # type: ignore[arg-type]

    issues = {number: come(scheduled=(None, NOW, NOW + DAY)[min(number, 2)]) for number in range(6)}
    decisions = decide(issues, RULES, now=NOW)
    assert [decision.state.name for decision in decisions.values()] == ["ANNOUNCE", "ANNOUNCE", "HELD", "HELD", "HELD", "HELD"]


def test_an_issue_that_waits_because_every_one_does_says_so_in_every_pass() -> None:
    each = Rules(hold=timedelta(minutes=10), max_age=None, max_new_per_pass=0)
    for waits_for in (None, Code.EVERY_ISSUE, Code.TOO_MANY):
        facts = Facts(draft=False, date=None, changed_at=LONG_AGO, waits_for=waits_for)
        decision = decide({"it": facts}, each, now=NOW)["it"]
        assert (decision.state, decision.reason) == (State.WAITING, Reason(Code.EVERY_ISSUE))


def test_an_issue_goes_on_waiting_for_what_later_passes_cannot_see_alone() -> None:
    for waits_for, state in (
        (Code.TOO_MANY, State.WAITING),
        (Code.WERE_TOO_MANY, State.WAITING),
        (Code.EVERY_ISSUE, State.ANNOUNCE),
    ):
        facts = Facts(draft=False, date=None, changed_at=LONG_AGO, waits_for=waits_for)
        assert decide({"it": facts}, RULES, now=NOW)["it"].state is state


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
    alone = {name: decide_removals({name: case}, RULES, now=NOW, retract=True)[0] for name, case in cases.items()}
    assert {name for name, gone in alone.items() if gone} == {"go"}
    assert decide_removals(cases, RULES, now=NOW, retract=False)[0] == frozenset()


def test_many_that_went_at_once_stay_also_when_a_moderator_took_some_back() -> None:
    many = {number: removal() for number in range(4)}
    assert decide_removals(many, RULES, now=NOW, retract=True)[0] == frozenset()
    some = many | {0: removal(taken_back=True), 1: removal(taken_back=True)}
    going, reasons = decide_removals(some, RULES, now=NOW, retract=True)
    assert going == frozenset()
    assert reasons[2] == Reason(Code.GONE_TOO_MANY, count=3)
