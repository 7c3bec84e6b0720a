"""Why an issue is in its state: values that the database keeps, sentences that people read, and the sentences that were kept before."""

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from string import Formatter
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heartbeat_bot.database.former_sentences import doubt_of, reason_of
from heartbeat_bot.identity.doubts import Doubt, DoubtCode
from heartbeat_bot.ids import ChannelId, IssueId, MessageId
from heartbeat_bot.languages import ENGLISH, codes, language
from heartbeat_bot.policy.approval import Difference
from heartbeat_bot.policy.decisions import Code, Reason, State, dump_doubt, load_doubt
from heartbeat_bot.rendering.post import PostKey
from heartbeat_bot.sync.result import Result, ResultCode
from heartbeat_bot.sync.wording import line_of, why

AT: Final = datetime(2026, 8, 17, 9, 30, 15, 250, tzinfo=UTC)
NEXT: Final = Doubt(code=DoubtCode.NEXT_ISSUE, issue=IssueId(7), title="It's 'news', in April")

REASONS: Final = {
    "it has just been read": Reason(Code.JUST_READ),
    "it came back": Reason(Code.CAME_BACK),
    "it had been published before the first run": Reason(Code.BEFORE_FIRST_RUN),
    "it cannot be read: the front matter is not closed: {x}\nat all (line 3)": Reason(
        Code.BROKEN, text="the front matter is not closed: {x}\nat all (line 3)"
    ),
    "it is a draft": Reason(Code.DRAFT),
    "its date is in the future: it waits until 2026-08-17 09:30 UTC": Reason(Code.DATE_TO_COME, at=AT),
    "its date, 2020-01-01, is more than 30 days ago": Reason(Code.TOO_OLD, date=date(2020, 1, 1), age=timedelta(days=30)),
    "its date, 2020-01-01 08:00:00+02:00, is more than 36 hours ago": Reason(
        Code.TOO_OLD, date=datetime(2020, 1, 1, 8, tzinfo=timezone(timedelta(hours=2))), age=timedelta(hours=36)
    ),
    "it was too old when it came, more than 1.5 hours ago, whatever its date is now": Reason(
        Code.CAME_TOO_OLD, age=timedelta(hours=1.5)
    ),
    "it stands in the place of 'It's 'news', in April', and looks like the next issue: a moderator must say whether it is news": Reason(
        Code.UNSURE, doubt=NEXT
    ),
    "it was changed a moment ago: it is held until 2026-08-17 09:30 UTC": Reason(Code.CHANGED_RECENTLY, at=AT),
    "every issue of this newsletter waits for a moderator's approval": Reason(Code.EVERY_ISSUE),
    "5 new issues came at once, more than 3: a moderator must approve them": Reason(Code.TOO_MANY, count=5, limit=3),
    "1 new issues came at once, more than 0: a moderator must approve them": Reason(Code.TOO_MANY, count=1, limit=0),
    "too many new issues came at once: a moderator must approve it": Reason(Code.WERE_TOO_MANY),
    "it is new": Reason(Code.NEW),
    "a moderator approved it": Reason(Code.APPROVED),
    "a moderator scheduled it": Reason(Code.WAS_SCHEDULED),
    "a moderator scheduled it: it is held until 2026-08-17 09:30 UTC": Reason(Code.SCHEDULED, at=AT),
    "a moderator scheduled it for 2026-08-17 09:30 UTC, more than a year ahead, when a clock was wrong: a moderator must approve it "
    "or schedule it anew": Reason(Code.SCHEDULED_TOO_FAR, at=AT),
    "a moderator put it on hold": Reason(Code.ON_HOLD),
    "a moderator skipped it": Reason(Code.SKIPPED),
    "a moderator took it back": Reason(Code.TAKEN_BACK),
    "its text changed after a moderator had approved it: a moderator must approve it as it is now": Reason(
        Code.OTHER_THAN_APPROVED, changed=Difference.TEXT
    ),
    "its pictures changed after a moderator had approved it: a moderator must approve it as it is now": Reason(
        Code.OTHER_THAN_APPROVED, changed=Difference.PICTURES
    ),
    "its title, date or address changed after a moderator had approved it: a moderator must approve it as it is now": Reason(
        Code.OTHER_THAN_APPROVED, changed=Difference.PLACE
    ),
    "it changed after a moderator had approved it: a moderator must approve it as it is now": Reason(
        Code.OTHER_THAN_APPROVED, changed=Difference.ISSUE
    ),
    "it has been announced": Reason(Code.ANNOUNCED),
    "it has been announced; it cannot be read now and is left as it was: no text": Reason(Code.ANNOUNCED_BROKEN, text="no text"),
    "it has been announced; it is a draft again and is left as it was": Reason(Code.ANNOUNCED_DRAFT),
    "it has been announced; it was edited since: its messages stay as they are until a moderator approves the edit": Reason(
        Code.EDIT_WAITS
    ),
    "it has been announced; a moderator skipped its edit: its messages stay as they are": Reason(Code.EDIT_DECLINED),
    "it has been announced; changed after its edit window: not sent": Reason(Code.EDIT_LATE),
    "it has been announced; its text changed before all of it was posted: the rest waits until a moderator approves the new text": (
        Reason(Code.CHANGED_MEANWHILE)
    ),
    "its file went away": Reason(Code.GONE),
    "its file went away; its messages stay": Reason(Code.GONE_KEPT),
    "its file went away; it may be there under another name, so its messages stay until a moderator decides": Reason(
        Code.GONE_UNSURE
    ),
    "its file went away with 3 others: a moderator must say whether their messages go": Reason(Code.GONE_TOO_MANY, count=3),
    "its file went away; its messages go when it is still gone after 2026-08-17 09:30 UTC": Reason(Code.GONE_LEAVING, at=AT),
    "its file went away, and so did its messages": Reason(Code.GONE_LEFT),
    "it was ruled out by the almanac": Reason(Code.UNKNOWN, text="it was ruled out by the almanac"),
}
"""The sentences of schema version 7, and the values that they stand for. They stand still, whatever the language files say by now."""

DOUBTS: Final = {
    "it looks like a template": Doubt(code=DoubtCode.TEMPLATE),
    "its name begins with an underscore, as those of files that sites do not show": Doubt(code=DoubtCode.UNDERSCORE),
    "its name is that of a page about the repository": Doubt(code=DoubtCode.ABOUT_REPOSITORY),
    "it says next to nothing that other files do not say": Doubt(code=DoubtCode.LITTLE_TEXT),
    "it looks like a translation of a/b.md": Doubt(code=DoubtCode.TRANSLATION, path="a/b.md"),
    "it looks like a b in another format.md in another format": Doubt(code=DoubtCode.OTHER_FORMAT, path="a b in another format.md"),
    "it says the same as a.md": Doubt(code=DoubtCode.COPY, path="a.md"),
    "it still says much of what a says says": Doubt(code=DoubtCode.UNFINISHED_COPY, path="a says"),
    "it stands in the place of 'A', of the same day, with another id": Doubt(code=DoubtCode.OTHER_ID, title="A"),
    "it stands in the place of 'A', and looks like the next issue": Doubt(code=DoubtCode.NEXT_ISSUE, title="A"),
    "it stands in the place of 'A', and title, date and text are all different": Doubt(code=DoubtCode.ALL_DIFFERENT, title="A"),
    "it has the title of 'A', which was in a.md": Doubt(code=DoubtCode.SAME_TITLE, title="A", path="a.md"),
    "it has the date of 'A', which was in a.md": Doubt(code=DoubtCode.SAME_DATE, title="A", path="a.md"),
    "it has the number of '', which was in a.md": Doubt(code=DoubtCode.SAME_NUMBER, title="", path="a.md"),
    "it says much of what 'A' said, which was in a.md": Doubt(code=DoubtCode.REMAINS, title="A", path="a.md"),
    "it smells of ink": Doubt(code=DoubtCode.UNKNOWN, title="it smells of ink"),
}


@pytest.mark.parametrize(("sentence", "reason"), REASONS.items(), ids=[str(reason.code) for reason in REASONS.values()])
def test_a_sentence_that_was_kept_before_is_read_as_the_value_that_it_stood_for(sentence: str, reason: Reason) -> None:
    columns = ("2026-08-17 09:31:00.000000", None, "2026-08-17 09:30:15.000250")
    assert Reason.load(reason_of(sentence, instants=columns, doubt_issue=7)) == reason
    assert Reason.load(reason_of(sentence, instants=(AT.astimezone(timezone(timedelta(hours=-7))),), doubt_issue=7)) == reason


@pytest.mark.parametrize(("sentence", "doubt"), DOUBTS.items(), ids=[str(doubt.code) for doubt in DOUBTS.values()])
def test_a_doubt_that_was_kept_before_is_read_as_the_value_that_it_stood_for(sentence: str, doubt: Doubt) -> None:
    assert load_doubt(doubt_of(sentence, None)) == doubt
    reason = Reason.load(reason_of(f"{sentence}: a moderator must say whether it is news"))
    assert reason == Reason(Code.UNSURE, doubt=doubt)


def test_an_instant_of_no_column_and_a_shorter_sentence_are_read_too() -> None:
    minute = AT.replace(second=0, microsecond=0)
    leaving = "its file went away; its messages go when it is still gone after 2026-08-17 09:30 UTC"
    assert Reason.load(reason_of(leaving, instants=(None, "2026-08-17 09:29:59"))) == Reason(Code.GONE_LEAVING, at=minute)
    asked = "its pictures changed after a moderator had approved it"
    assert Reason.load(reason_of(asked)) == Reason(Code.OTHER_THAN_APPROVED, changed=Difference.PICTURES)


DOUBTFUL: Final = st.builds(
    Doubt,
    code=st.sampled_from(DoubtCode),
    issue=st.none() | st.integers(1).map(IssueId),
    title=st.none() | st.text(),
    path=st.none() | st.text(),
)
INSTANTS: Final = st.datetimes(timezones=st.just(UTC))


@given(
    reason=st.builds(
        Reason,
        st.sampled_from(Code),
        at=st.none() | INSTANTS,
        date=st.none() | st.dates() | st.datetimes() | INSTANTS,
        age=st.none() | st.timedeltas(timedelta(0), timedelta(days=4000)),
        count=st.none() | st.integers(),
        limit=st.none() | st.integers(),
        text=st.none() | st.text(),
        changed=st.none() | st.sampled_from(Difference),
        doubt=st.none() | DOUBTFUL,
    )
)
@example(reason=Reason(Code.CAME_TOO_OLD, age=timedelta(0), count=0, text=""))
def test_what_is_written_down_of_a_reason_is_read_again(reason: Reason) -> None:
    dumped = reason.dump()
    assert Reason.load(dumped) == reason
    given_ = {field.name for field in fields(reason) if getattr(reason, field.name) is not None}
    assert set(json.loads(dumped)) == given_


@given(doubt=DOUBTFUL)
def test_what_is_written_down_of_a_doubt_is_read_again(doubt: Doubt) -> None:
    assert load_doubt(dump_doubt(doubt)) == doubt


@pytest.mark.parametrize("code", codes())
def test_every_reason_is_a_sentence_of_its_own_in_every_language_with_all_that_it_knows(code: str) -> None:
    words = language(code)
    said = [why(reason, words) for reason in REASONS.values()]
    said += [why(Reason(Code.UNSURE, doubt=doubt), words) for doubt in DOUBTS.values()]
    assert len(set(said)) == len(said)
    assert not any("None" in sentence or "{title}" in sentence for sentence in said)
    for reason, sentence in zip(REASONS.values(), said, strict=False):
        told = [reason.text, reason.count, reason.limit, reason.date, reason.at and "2026-08-17 09:30 UTC"]
        assert all(str(one) in sentence for one in told if one is not None), sentence
    keys = {key.split(".")[1] for key in words.texts if key.startswith("reasons.")}
    assert keys == {one.value for one in Code}
    if code != ENGLISH:
        english = {why(reason) for reason in REASONS.values() if reason.code is not Code.UNKNOWN}
        assert english.isdisjoint(said)


@pytest.mark.parametrize("code", codes())
def test_every_result_of_a_pass_is_a_line_in_every_language_with_all_that_it_knows(code: str) -> None:
    words = language(code)
    known = {
        "title": "A title",
        "path": "a.md",
        "text": "so it is",
        "key": "news",
        "channel": "55",
        "message": "66",
        "state": "draft",
    }
    result = Result(
        ResultCode.DELIVERED,
        title="A title",
        path="a.md",
        text="so it is",
        at=AT,
        state=State.DRAFT,
        reason=Reason(Code.DRAFT),
        channel=ChannelId(55),
        message=MessageId(66),
        key=PostKey("news"),
        sent=1,
        published=2,
    )
    said = {one: line_of(replace(result, code=one), words) for one in ResultCode}
    for one, sentence in said.items():
        wanted = {name for _, name, _, _ in Formatter().parse(words.texts[f"results.{one.value}"]) if name}
        assert all(text in sentence for name, text in known.items() if name in wanted)
        assert "None" not in sentence
    counts = ", ".join(words.say(f"results.{what}", count=count) for what, count in (("sent", 1), ("published", 2)))
    assert said[ResultCode.DELIVERED].endswith(counts)
