"""What moderators decide, as the ledger keeps it: approve, schedule, hold, skip, retract, pause; copies; who did what."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from discord_sandbox.clock import ManualClock
from heartbeat_bot.errors import StateError
from heartbeat_bot.identity.doubts import Doubt, DoubtCode
from heartbeat_bot.ids import ChannelId, GuildId, IssueId, MessageId
from heartbeat_bot.rendering.post import COVER, Digest, Post, PostKey
from heartbeat_bot.sources.snapshot import BlobId
from heartbeat_bot.store.audit import ActionId
from heartbeat_bot.store.decisions import Code, Decision, Reason, State
from heartbeat_bot.store.ledger import IssueRecord, Ledger, Sighting
from heartbeat_bot.store.receipts import ANNOUNCEMENT, NOTICE, Draft, Series
from heartbeat_bot.store.tables import IntentKind
from heartbeat_bot.sync.changes import facts_of

See = Callable[..., Sighting]
GUILD = GuildId(1)
CHANNEL, ELSEWHERE = ChannelId(2), ChannelId(3)


@pytest.fixture
async def issue(ledger: Ledger, clock: ManualClock, see: See) -> IssueId:
    return (await ledger.record("weekly", [see("a.md")], now=clock()))["a.md"]


async def post(
    ledger: Ledger,
    issue: IssueId,
    message: int,
    clock: ManualClock,
    *,
    series: Series = ANNOUNCEMENT,
    channel: ChannelId = CHANNEL,
    role: int | None = None,
) -> None:
    """Send a message, as the publisher notes it."""
    draft = Draft(
        kind=IntentKind.SEND,
        issue=issue,
        channel=channel,
        series=series,
        nonce=str(message),
        key=COVER,
        body={"content": "", "embeds": [], "allowed_mentions": {"parse": [], **({"roles": [str(role)]} if role else {})}},
        digest=Digest("d"),
    )
    intent = await ledger.receipts.begin(draft, now=clock())
    await ledger.receipts.sent(intent, MessageId(message), now=clock())


def decided(record: IssueRecord) -> set[str]:
    """Return which decisions stand."""
    names = ("approved_at", "scheduled_at", "on_hold_at", "skipped_at", "retracted_at", "doubt")
    return {name for name in names if getattr(record, name) is not None}


async def test_the_last_decision_of_a_moderator_is_the_one_that_stands(ledger: Ledger, clock: ManualClock, issue: IssueId) -> None:
    later = clock() + timedelta(days=1)
    await ledger.hold(issue, now=clock())
    held = await ledger.issue(issue)
    assert (held.state, held.reason, decided(held)) == (State.WAITING, Reason(Code.ON_HOLD), {"on_hold_at"})
    await ledger.approve(issue, now=clock())
    assert decided(await ledger.issue(issue)) == {"approved_at"}
    await ledger.schedule(issue, later)
    assert decided(await ledger.issue(issue)) == {"scheduled_at"}
    assert facts_of(await ledger.issue(issue), "").scheduled == later
    await ledger.hold(issue, now=clock())
    assert decided(await ledger.issue(issue)) == {"on_hold_at"}
    await ledger.skip(issue, now=clock())
    skipped = await ledger.issue(issue)
    assert (skipped.state, skipped.reason, decided(skipped)) == (State.BASELINE, Reason(Code.SKIPPED), {"skipped_at"})
    assert (facts_of(skipped, "").baseline, facts_of(skipped, "").skipped) == (True, True)


@pytest.mark.parametrize("verb", ["approve", "schedule", "skip"])
async def test_a_decision_ends_the_doubt_and_a_hold_does_not(ledger: Ledger, clock: ManualClock, see: See, verb: str) -> None:
    seen = see("a.md")
    doubtful = Sighting(
        **{name: getattr(seen, name) for name in Sighting.__dataclass_fields__} | {"doubt": Doubt(code=DoubtCode.TEMPLATE)}
    )
    issue = (await ledger.record("weekly", [doubtful], now=clock()))["a.md"]
    await ledger.hold(issue, now=clock())
    assert (await ledger.issue(issue)).doubtful
    if verb == "schedule":
        await ledger.schedule(issue, clock())
    else:
        await getattr(ledger, verb)(issue, now=clock())
    assert (await ledger.issue(issue)).doubt is None


async def test_what_is_out_is_not_held_scheduled_or_skipped(ledger: Ledger, clock: ManualClock, issue: IssueId) -> None:
    await post(ledger, issue, 10, clock)
    for decision in (ledger.hold(issue, now=clock()), ledger.skip(issue, now=clock()), ledger.schedule(issue, clock())):
        with pytest.raises(StateError, match="announced already: retract it"):
            await decision
    await ledger.retract(issue, now=clock())
    for decision in (ledger.hold(issue, now=clock()), ledger.skip(issue, now=clock())):
        with pytest.raises(StateError, match="taken back already"):
            await decision
    await ledger.schedule(issue, clock())
    assert decided(await ledger.issue(issue)) == {"scheduled_at"}


async def test_an_issue_that_was_taken_back_and_is_approved_is_announced_anew(
    ledger: Ledger, clock: ManualClock, issue: IssueId
) -> None:
    await post(ledger, issue, 10, clock, role=7)
    await ledger.delivered(issue, blob=BlobId("one"), rendering="r")
    await ledger.approve(issue, now=clock())
    assert (await ledger.issue(issue)).announced_at is not None
    await ledger.retract(issue, now=clock())
    await ledger.approve(issue, now=clock())
    record = await ledger.issue(issue)
    assert (record.announced_at, record.shown, record.retracted_at, record.pinged_at) == (None, None, None, clock())


async def test_an_issue_that_went_and_comes_back_is_not_scheduled_any_more(
    ledger: Ledger, clock: ManualClock, issue: IssueId
) -> None:
    await ledger.schedule(issue, clock())
    await post(ledger, issue, 10, clock)
    await ledger.withdrawn(issue)
    assert facts_of(await ledger.issue(issue), "").scheduled is None


async def test_a_decision_about_what_is_gone_waits_for_it_to_come_back(
    ledger: Ledger, clock: ManualClock, see: See, issue: IssueId
) -> None:
    await ledger.record("weekly", [], gone=[issue], now=clock())
    await ledger.hold(issue, now=clock())
    assert (await ledger.issue(issue)).state is State.GONE
    await ledger.record("weekly", [see("a.md", issue=issue)], now=clock())
    assert facts_of(await ledger.issue(issue), "").on_hold


async def test_a_newsletter_is_paused_until_it_is_resumed(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.pause("weekly", now=clock())
    assert (await ledger.newsletter("weekly")).paused_at == clock()
    await ledger.pass_done("weekly", commit="c", now=clock())
    assert (await ledger.newsletter("weekly")).paused_at == clock()
    await ledger.resume("weekly")
    assert (await ledger.newsletter("weekly")).paused_at is None


@pytest.mark.parametrize("verb", ["hold", "skip", "retract"])
async def test_what_a_moderator_holds_back_at_that_instant_is_not_begun(
    ledger: Ledger, clock: ManualClock, issue: IssueId, verb: str
) -> None:
    draft = Draft(kind=IntentKind.SEND, issue=issue, channel=CHANNEL, nonce="1", key=COVER, body={}, digest=Digest("d"))
    await getattr(ledger, verb)(issue, now=clock())
    assert await ledger.begin(draft, now=clock()) is None
    assert await ledger.receipts.unfinished() == []
    assert (await ledger.issue(issue)).announced_at is None
    await ledger.approve(issue, now=clock())
    assert await ledger.begin(draft, now=clock()) is not None
    assert (await ledger.issue(issue)).announced_at == clock()


# -- series ----------------------------------------------------------------------------------------------------------------


async def test_a_notice_announces_nothing_and_pings_for_nobody(ledger: Ledger, clock: ManualClock, issue: IssueId) -> None:
    await post(ledger, issue, 10, clock, series=NOTICE, role=7)
    record = await ledger.issue(issue)
    assert (record.announced_at, record.pinged_at, record.receipts, record.state) == (None, None, (), State.NEW)
    assert await ledger.receipts.held(issue) == []
    assert [receipt.message for receipt in await ledger.receipts.held(issue, CHANNEL, NOTICE)] == [10]
    assert [receipt.message for receipt in await ledger.receipts.notices("weekly")] == [10]
    await post(ledger, issue, 11, clock, role=7)
    record = await ledger.issue(issue)
    assert (record.announced_at, record.pinged_at) == (clock(), clock())


async def test_the_same_post_may_be_under_way_in_each_series_once(ledger: Ledger, clock: ManualClock, issue: IssueId) -> None:
    def draft(series: str, nonce: str) -> Draft:
        return Draft(
            kind=IntentKind.SEND,
            issue=issue,
            channel=CHANNEL,
            series=Series(series),
            nonce=nonce,
            key=COVER,
            body={"allowed_mentions": {"parse": []}},
        )

    for number, series in enumerate(["", "2", "notice"]):
        await ledger.receipts.begin(draft(series, str(number)), now=clock())
    with pytest.raises(Exception, match="UNIQUE"):
        await ledger.receipts.begin(draft("2", "x"), now=clock())
    assert [intent.draft.series for intent in await ledger.receipts.unfinished(issue, CHANNEL)] == ["", "2", "notice"]
    (one,) = await ledger.receipts.unfinished(issue, CHANNEL, Series("2"))
    assert one.draft.series == "2"


async def test_an_issue_taken_back_or_gone_holds_copies_and_no_notices(ledger: Ledger, clock: ManualClock, issue: IssueId) -> None:
    await post(ledger, issue, 10, clock, series=NOTICE)
    await ledger.retract(issue, now=clock())
    assert await ledger.holding("weekly") == frozenset()
    await post(ledger, issue, 11, clock, series=Series("2"))
    assert await ledger.holding("weekly") == {issue}


async def test_a_notice_of_an_issue_that_turns_out_to_be_another_is_that_one_s(
    ledger: Ledger, clock: ManualClock, see: See, issue: IssueId
) -> None:
    doubtful = (await ledger.record("weekly", [see("b.md")], now=clock()))["b.md"]
    await post(ledger, doubtful, 10, clock, series=NOTICE)
    await ledger.record("weekly", [see("b.md", issue=issue)], absorbed=[doubtful], now=clock())
    assert [(receipt.issue, receipt.message) for receipt in await ledger.receipts.notices("weekly")] == [(issue, 10)]


# -- copies ----------------------------------------------------------------------------------------------------------------


async def test_copies_are_numbered_in_each_channel_and_a_number_is_not_used_again(
    ledger: Ledger, clock: ManualClock, issue: IssueId
) -> None:
    await post(ledger, issue, 10, clock)

    async def add(channel: ChannelId) -> Series:
        return await ledger.copies.add(issue, guild=GUILD, channel=channel, keys=[PostKey("news")], now=clock())

    assert [await add(channel) for channel in (CHANNEL, CHANNEL, ELSEWHERE)] == ["2", "3", "2"]
    await post(ledger, issue, 11, clock, series=Series("3"))
    await ledger.copies.drop(issue, CHANNEL, Series("3"))
    assert await add(CHANNEL) == "4"
    assert [(copy.channel, copy.series, copy.keys) for copy in await ledger.copies.of(issue)] == [
        (CHANNEL, "2", ("news",)),
        (ELSEWHERE, "2", ("news",)),
        (CHANNEL, "4", ("news",)),
    ]
    assert await ledger.copies.of_newsletter("weekly") == await ledger.copies.of(issue)
    assert [(stray.channel, stray.series) for stray in await ledger.copies.strays("weekly")] == [(CHANNEL, "3")]


async def test_a_copy_is_posted_again_so_its_issue_must_be_out(ledger: Ledger, clock: ManualClock, issue: IssueId) -> None:
    async def add(issue: IssueId) -> Series:
        return await ledger.copies.add(issue, guild=GUILD, channel=CHANNEL, now=clock())

    with pytest.raises(StateError, match="There is no issue number 99"):
        await add(IssueId(99))
    with pytest.raises(StateError, match="has not been announced yet"):
        await add(issue)
    await ledger.decided({issue: Decision(state=State.BASELINE, reason=Reason(Code.BEFORE_FIRST_RUN))})
    assert await add(issue) == "2"
    await post(ledger, issue, 10, clock, series=Series("2"))
    assert (await ledger.issue(issue)).announced_at is None
    await ledger.retract(issue, now=clock())
    with pytest.raises(StateError, match="was taken back"):
        await add(issue)
    await ledger.record("weekly", [], gone=[issue], now=clock())
    await ledger.approve(issue, now=clock())
    with pytest.raises(StateError, match="file is gone"):
        await add(issue)


@pytest.mark.parametrize("how", ["retract", "withdrawn"])
async def test_copies_go_with_their_announcement(ledger: Ledger, clock: ManualClock, issue: IssueId, how: str) -> None:
    await post(ledger, issue, 10, clock)
    await ledger.copies.add(issue, guild=GUILD, channel=CHANNEL, now=clock())
    await (ledger.retract(issue, now=clock()) if how == "retract" else ledger.withdrawn(issue))
    assert await ledger.copies.of(issue) == []


async def test_a_copy_has_the_sections_that_were_asked_for_and_mentions_nobody(
    ledger: Ledger, clock: ManualClock, issue: IssueId
) -> None:
    await post(ledger, issue, 10, clock)
    names = ["news", "news/2", "news-room", "jobs"]
    posts = [Post(key=COVER, content="<@&7> hello", ping=7), *(Post(key=PostKey(name), content=name) for name in names)]
    for keys in (None, ["news"], ["cover", "jobs"], ["away"]):
        await ledger.copies.add(issue, guild=GUILD, channel=CHANNEL, keys=keys and [PostKey(key) for key in keys], now=clock())
    whole, news, two, away = await ledger.copies.of(issue)
    assert [post.key for post in whole.posts(posts)] == ["cover", *names]
    assert (whole.posts(posts)[0].content, whole.posts(posts)[0].ping) == ("hello", None)
    assert [post.key for post in news.posts(posts)] == ["news", "news/2"]
    assert [post.key for post in two.posts(posts)] == ["cover", "jobs"]
    assert away.posts(posts) == ()


async def test_what_a_copy_shows_is_known_until_a_post_of_it_is_let_go(ledger: Ledger, clock: ManualClock, issue: IssueId) -> None:
    await post(ledger, issue, 10, clock)
    series = await ledger.copies.add(issue, guild=GUILD, channel=CHANNEL, now=clock())
    (copy,) = await ledger.copies.of(issue)
    assert (copy.shown, copy.shown_as) == (None, None)
    await ledger.copies.delivered(copy, blob=BlobId("one"), rendering="r")
    (copy,) = await ledger.copies.of(issue)
    assert (copy.shown, copy.shown_as) == ("one", "r")
    await ledger.receipts.release(issue, series=series, now=clock())
    assert [copy.shown for copy in await ledger.copies.of(issue)] == [None]
    assert len((await ledger.issue(issue)).receipts) == 1


# -- who did what ----------------------------------------------------------------------------------------------------------


async def test_an_action_is_begun_once_whatever_is_clicked_twice(ledger: Ledger, clock: ManualClock, issue: IssueId) -> None:
    async def begin(token: str | None, newsletter: str = "weekly") -> ActionId | None:
        return await ledger.actions.begin(
            token=token, who=2**62, name="ann", verb="approve", newsletter=newsletter, issue=issue, detail="d", now=clock()
        )

    first, again = await begin("t"), await begin("t")
    assert (first is not None, again) == (True, None)
    assert None not in {await begin(None), await begin(None), await begin("u", "daily")}
    assert first
    await ledger.actions.end(first, "announced", now=clock())
    await ledger.actions.end(first, "cut off", now=clock() + timedelta(hours=1))
    assert [action.newsletter for action in await ledger.actions.latest(3)] == ["daily", "weekly", "weekly"]
    oldest = (await ledger.actions.latest(10, "weekly"))[-1]
    assert (oldest.id, oldest.who, oldest.name, oldest.verb, oldest.issue, oldest.detail, oldest.outcome, oldest.done_at) == (
        first,
        2**62,
        "ann",
        "approve",
        issue,
        "d",
        "announced",
        clock(),
    )
    assert len(await ledger.actions.unfinished()) == 3


async def test_an_event_of_a_server_is_begun_once_made_changed_and_forgotten(ledger: Ledger, clock: ManualClock) -> None:
    events = ledger.server_events

    async def begin() -> bool:
        return await events.begin(GUILD, "party", newsletter="weekly", path="a.md", digest="d1", now=clock())

    assert await events.find(GUILD, "party") is None
    assert (await begin(), await begin()) == (True, False)
    begun = await events.find(GUILD, "party")
    assert begun
    assert (begun.scheduled_event, begun.digest, begun.told_digest) == (None, "d1", None)
    await events.made(GUILD, "party", 2**62, now=clock())
    await events.told(GUILD, "party", digest="d2", now=clock())
    clock.advance(60)
    told = await events.find(GUILD, "party")
    assert told
    assert (told.scheduled_event, told.digest, told.told_digest) == (2**62, "d1", "d2")
    await events.changed(GUILD, "party", digest="d2", now=clock())
    (known,) = await events.of_newsletter("weekly")
    assert (known.digest, known.told_digest, known.created_at, known.updated_at) == (
        "d2",
        None,
        clock() - timedelta(seconds=60),
        clock(),
    )
    await events.rename(GUILD, "party", "late party")
    assert await events.find(GUILD, "party") is None
    (renamed,) = await events.of_guild(GUILD)
    assert (renamed.key, renamed.scheduled_event) == ("late party", 2**62)
    assert await events.of_guild(GuildId(GUILD + 1)) == []
    await events.forget(GUILD, "late party")
    assert await events.of_newsletter("weekly") == []


async def test_a_copy_in_the_place_of_others_comes_as_they_go(ledger: Ledger, clock: ManualClock, issue: IssueId) -> None:
    await post(ledger, issue, 5, clock)
    first = await ledger.copies.add(issue, guild=GUILD, channel=ELSEWHERE, now=clock())
    await post(ledger, issue, 6, clock, series=first, channel=ELSEWHERE)
    before = await ledger.copies.of(issue)
    second = await ledger.copies.add(issue, guild=GUILD, channel=ELSEWHERE, instead_of=before, now=clock())
    assert [copy.series for copy in await ledger.copies.of(issue)] == [second]
    assert [stray.series for stray in await ledger.copies.strays("weekly")] == [first]
    await ledger.retract(issue, now=clock())
    with pytest.raises(StateError):
        await ledger.copies.add(issue, guild=GUILD, channel=ELSEWHERE, instead_of=before, now=clock())
