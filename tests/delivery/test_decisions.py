"""What moderators decide, as the store keeps it: approve, schedule, hold, skip, retract, pause; notices, reposts and destinations; who did what."""

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
from heartbeat_bot.store.deliveries import Delivery, Destination, Kind
from heartbeat_bot.store.issues import IssueRecord, Sighting
from heartbeat_bot.store.ledger import Ledger
from heartbeat_bot.store.outbox import Request
from heartbeat_bot.store.tables import RequestKind
from heartbeat_bot.sync.changes import facts_of
from heartbeat_bot.sync.policy import Facts

See = Callable[..., Sighting]
GUILD = GuildId(1)
CHANNEL, ELSEWHERE = ChannelId(2), ChannelId(3)


@pytest.fixture
async def issue(ledger: Ledger, clock: ManualClock, see: See) -> IssueId:
    return (await ledger.record("weekly", [see("a.md")], now=clock()))["a.md"]


async def announcement(ledger: Ledger, issue: IssueId) -> Delivery:
    return (await ledger.issue(issue)).announcements[0]


async def facts(ledger: Ledger, issue: IssueId) -> Facts:
    return facts_of(await ledger.issue(issue), await announcement(ledger, issue), "")


async def post(
    ledger: Ledger, issue: IssueId, message: int, clock: ManualClock, *, delivery: Delivery | None = None, role: int | None = None
) -> None:
    """Send a message of an announcement, or of another delivery, as the publisher notes it."""
    delivery = delivery or await announcement(ledger, issue)
    request = Request(
        kind=RequestKind.SEND,
        delivery=delivery.id,
        channel=delivery.channel,
        nonce=str(message),
        key=COVER,
        body={"content": "", "embeds": [], "allowed_mentions": {"parse": [], **({"roles": [str(role)]} if role else {})}},
        digest=Digest("d"),
    )
    written = await ledger.outbox.begin(request, now=clock())
    await ledger.outbox.sent(written, MessageId(message), now=clock())


async def notice(ledger: Ledger, issue: IssueId, clock: ManualClock) -> Delivery:
    return await ledger.deliveries.notice(issue, CHANNEL, GUILD, now=clock())


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
    assert (await facts(ledger, issue)).scheduled == later
    await ledger.hold(issue, now=clock())
    assert decided(await ledger.issue(issue)) == {"on_hold_at"}
    await ledger.skip(issue, now=clock())
    skipped = await ledger.issue(issue)
    assert (skipped.state, skipped.reason, decided(skipped)) == (State.BASELINE, Reason(Code.SKIPPED), {"skipped_at"})
    assert ((await facts(ledger, issue)).baseline, (await facts(ledger, issue)).skipped) == (True, True)


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
    await ledger.deliveries.delivered(await announcement(ledger, issue), blob=BlobId("one"), rendering="r")
    await ledger.approve(issue, now=clock())
    assert (await ledger.issue(issue)).announced_at is not None
    await ledger.retract(issue, now=clock())
    await ledger.approve(issue, now=clock())
    record = await ledger.issue(issue)
    assert (record.announced_at, record.shown, record.retracted_at) == (None, None, None)
    assert record.announcements[0].pinged_at == clock()


async def test_an_issue_that_went_and_comes_back_is_not_scheduled_any_more(
    ledger: Ledger, clock: ManualClock, issue: IssueId
) -> None:
    await ledger.schedule(issue, clock())
    await post(ledger, issue, 10, clock)
    await ledger.withdrawn(await announcement(ledger, issue), now=clock())
    assert (await facts(ledger, issue)).scheduled is None


async def test_a_decision_about_what_is_gone_waits_for_it_to_come_back(
    ledger: Ledger, clock: ManualClock, see: See, issue: IssueId
) -> None:
    await ledger.record("weekly", [], gone=[issue], now=clock())
    await ledger.hold(issue, now=clock())
    assert (await ledger.issue(issue)).state is State.GONE
    await ledger.record("weekly", [see("a.md", issue=issue)], now=clock())
    assert (await facts(ledger, issue)).on_hold


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
    delivery = (await announcement(ledger, issue)).id
    request = Request(kind=RequestKind.SEND, delivery=delivery, channel=CHANNEL, nonce="1", key=COVER, body={}, digest=Digest("d"))
    await getattr(ledger, verb)(issue, now=clock())
    assert await ledger.begin(request, issue, now=clock()) is None
    assert await ledger.outbox.unfinished() == []
    assert (await ledger.issue(issue)).announced_at is None
    await ledger.approve(issue, now=clock())
    assert await ledger.begin(request, issue, now=clock()) is not None
    assert (await ledger.issue(issue)).announced_at == clock()


# -- notices ---------------------------------------------------------------------------------------------------------------


async def test_a_notice_announces_nothing_and_pings_for_nobody(ledger: Ledger, clock: ManualClock, issue: IssueId) -> None:
    delivery = await notice(ledger, issue, clock)
    assert await notice(ledger, issue, clock) == delivery
    await post(ledger, issue, 10, clock, delivery=delivery, role=7)
    record = await ledger.issue(issue)
    assert (record.announced_at, record.messages, record.state) == (None, (), State.NEW)
    assert record.announcements[0].pinged_at is None
    assert await ledger.outbox.held(issue) == []
    assert [message.message for message in await ledger.outbox.held_of(delivery.id)] == [10]
    assert [message.message for message in await ledger.outbox.notices("weekly")] == [10]
    await post(ledger, issue, 11, clock, role=7)
    record = await ledger.issue(issue)
    assert (record.announced_at, record.announcements[0].pinged_at) == (clock(), clock())


async def test_the_same_post_may_be_under_way_in_each_delivery_once(ledger: Ledger, clock: ManualClock, issue: IssueId) -> None:
    await post(ledger, issue, 5, clock)
    again = await ledger.deliveries.repost(issue, guild=GUILD, channel=CHANNEL, now=clock())
    deliveries = [await announcement(ledger, issue), again, await notice(ledger, issue, clock)]

    def request(delivery: Delivery, nonce: str) -> Request:
        body = {"allowed_mentions": {"parse": []}}
        return Request(kind=RequestKind.SEND, delivery=delivery.id, channel=CHANNEL, nonce=nonce, key=COVER, body=body)

    for number, delivery in enumerate(deliveries):
        await ledger.outbox.begin(request(delivery, str(number)), now=clock())
    with pytest.raises(Exception, match="UNIQUE"):
        await ledger.outbox.begin(request(again, "x"), now=clock())
    assert [one.request.delivery for one in await ledger.outbox.unfinished(issue, CHANNEL)] == [one.id for one in deliveries]


async def test_an_issue_taken_back_or_gone_holds_reposts_and_no_notices(ledger: Ledger, clock: ManualClock, issue: IssueId) -> None:
    await post(ledger, issue, 9, clock)
    again = await ledger.deliveries.repost(issue, guild=GUILD, channel=CHANNEL, now=clock())
    await post(ledger, issue, 10, clock, delivery=await notice(ledger, issue, clock))
    await post(ledger, issue, 11, clock, delivery=again)
    await ledger.retract(issue, now=clock())
    assert await ledger.holding("weekly") == {again.id, (await announcement(ledger, issue)).id}


async def test_a_notice_of_an_issue_that_turns_out_to_be_another_is_that_one_s(
    ledger: Ledger, clock: ManualClock, see: See, issue: IssueId
) -> None:
    doubtful = (await ledger.record("weekly", [see("b.md")], now=clock()))["b.md"]
    await post(ledger, doubtful, 10, clock, delivery=await notice(ledger, doubtful, clock))
    await ledger.record("weekly", [see("b.md", issue=issue)], absorbed=[doubtful], now=clock())
    assert [(message.issue, message.message) for message in await ledger.outbox.notices("weekly")] == [(issue, 10)]
    with pytest.raises(StateError):
        await ledger.issue(doubtful)


async def test_two_notices_become_one_when_their_issues_turn_out_to_be_one(
    ledger: Ledger, clock: ManualClock, see: See, issue: IssueId
) -> None:
    doubtful = (await ledger.record("weekly", [see("b.md")], now=clock()))["b.md"]
    await post(ledger, issue, 9, clock, delivery=await notice(ledger, issue, clock))
    await post(ledger, doubtful, 10, clock, delivery=await notice(ledger, doubtful, clock))
    await ledger.record("weekly", [see("b.md", issue=issue)], absorbed=[doubtful], now=clock())
    assert {message.delivery for message in await ledger.outbox.notices("weekly")} == {(await notice(ledger, issue, clock)).id}
    assert [message.message for message in await ledger.outbox.notices("weekly")] == [9, 10]


# -- reposts ---------------------------------------------------------------------------------------------------------------


async def test_reposts_are_deliveries_of_their_own_and_what_is_left_of_one_that_ended_is_an_orphan(
    ledger: Ledger, clock: ManualClock, issue: IssueId
) -> None:
    await post(ledger, issue, 10, clock)

    async def add(channel: ChannelId) -> Delivery:
        return await ledger.deliveries.repost(issue, guild=GUILD, channel=channel, sections=[PostKey("news")], now=clock())

    first, second, third = [await add(channel) for channel in (CHANNEL, CHANNEL, ELSEWHERE)]
    await post(ledger, issue, 11, clock, delivery=second)
    await ledger.deliveries.end([second.id], now=clock())
    fourth = await add(CHANNEL)
    reposts = await ledger.deliveries.of(issue, Kind.REPOST)
    assert reposts == [first, third, fourth]
    assert [(one.channel, one.guild, one.sections) for one in reposts[1:]] == [
        (ELSEWHERE, GUILD, ("news",)),
        (CHANNEL, GUILD, ("news",)),
    ]
    assert list(await ledger.deliveries.reposts("weekly")) == reposts
    assert [orphan.id for orphan in await ledger.deliveries.orphans("weekly")] == [second.id]


async def test_a_repost_is_of_an_issue_that_is_out(ledger: Ledger, home: Destination, clock: ManualClock, issue: IssueId) -> None:
    async def add(issue: IssueId) -> Delivery:
        return await ledger.deliveries.repost(issue, guild=GUILD, channel=CHANNEL, now=clock())

    with pytest.raises(StateError, match="There is no issue number 99"):
        await add(IssueId(99))
    with pytest.raises(StateError, match="has not been announced yet"):
        await add(issue)
    await ledger.decided(home, {issue: Decision(state=State.BASELINE, reason=Reason(Code.BEFORE_FIRST_RUN))}, now=clock())
    await post(ledger, issue, 10, clock, delivery=await add(issue))
    assert (await ledger.issue(issue)).announced_at is None
    await ledger.retract(issue, now=clock())
    with pytest.raises(StateError, match="was taken back"):
        await add(issue)
    await ledger.record("weekly", [], gone=[issue], now=clock())
    await ledger.approve(issue, now=clock())
    with pytest.raises(StateError, match="file is gone"):
        await add(issue)


@pytest.mark.parametrize("how", ["retract", "withdrawn"])
async def test_reposts_go_with_their_announcement(ledger: Ledger, clock: ManualClock, issue: IssueId, how: str) -> None:
    await post(ledger, issue, 10, clock)
    await ledger.deliveries.repost(issue, guild=GUILD, channel=CHANNEL, now=clock())
    if how == "retract":
        await ledger.retract(issue, now=clock())
    else:
        await ledger.withdrawn(await announcement(ledger, issue), now=clock())
    assert await ledger.deliveries.of(issue, Kind.REPOST) == []


async def test_a_repost_has_the_sections_that_were_asked_for_and_mentions_nobody(
    ledger: Ledger, clock: ManualClock, issue: IssueId
) -> None:
    await post(ledger, issue, 10, clock)
    names = ["news", "news/2", "news-room", "jobs"]
    posts = [Post(key=COVER, content="<@&7> hello", ping=7), *(Post(key=PostKey(name), content=name) for name in names)]
    for keys in (None, ["news"], ["cover", "jobs"], ["away"]):
        sections = keys and [PostKey(key) for key in keys]
        await ledger.deliveries.repost(issue, guild=GUILD, channel=CHANNEL, sections=sections, now=clock())
    whole, news, two, away = await ledger.deliveries.of(issue, Kind.REPOST)
    assert [post.key for post in whole.posts(posts)] == ["cover", *names]
    assert (whole.posts(posts)[0].content, whole.posts(posts)[0].ping) == ("hello", None)
    assert [post.key for post in news.posts(posts)] == ["news", "news/2"]
    assert [post.key for post in two.posts(posts)] == ["cover", "jobs"]
    assert away.posts(posts) == ()


async def test_what_a_repost_shows_is_known_until_a_post_of_it_is_let_go(
    ledger: Ledger, clock: ManualClock, issue: IssueId
) -> None:
    await post(ledger, issue, 10, clock)
    repost = await ledger.deliveries.repost(issue, guild=GUILD, channel=CHANNEL, now=clock())
    assert (repost.shown, repost.shown_as) == (None, None)
    await ledger.deliveries.delivered(repost, blob=BlobId("one"), rendering="r")
    shown = await ledger.deliveries.get(repost.id)
    assert (shown.shown, shown.shown_as) == ("one", "r")
    await ledger.outbox.release(repost.id, now=clock())
    assert (await ledger.deliveries.get(repost.id)).shown is None
    assert len((await ledger.issue(issue)).messages) == 1


async def test_a_repost_in_the_place_of_others_comes_as_they_go(ledger: Ledger, clock: ManualClock, issue: IssueId) -> None:
    await post(ledger, issue, 5, clock)
    first = await ledger.deliveries.repost(issue, guild=GUILD, channel=ELSEWHERE, now=clock())
    await post(ledger, issue, 6, clock, delivery=first)
    second = await ledger.deliveries.repost(issue, guild=GUILD, channel=ELSEWHERE, instead_of=[first], now=clock())
    assert await ledger.deliveries.of(issue, Kind.REPOST) == [second]
    assert [orphan.id for orphan in await ledger.deliveries.orphans("weekly")] == [first.id]
    await ledger.retract(issue, now=clock())
    with pytest.raises(StateError):
        await ledger.deliveries.repost(issue, guild=GUILD, channel=ELSEWHERE, instead_of=[second], now=clock())


# -- destinations ----------------------------------------------------------------------------------------------------------


async def test_each_destination_knows_of_an_issue_what_became_of_it_there(
    ledger: Ledger, home: Destination, clock: ManualClock, see: See, issue: IssueId
) -> None:
    here, there = await ledger.deliveries.declare("weekly", [CHANNEL, ELSEWHERE], now=clock())
    assert here == home
    other = (await ledger.record("weekly", [see("b.md")], now=clock()))["b.md"]
    assert [one.destination for one in (await ledger.issue(other)).announcements] == [here.id, there.id]
    await ledger.decided(
        there,
        {
            issue: Decision(state=State.BASELINE, reason=Reason(Code.BEFORE_FIRST_RUN)),
            other: Decision(state=State.WAITING, reason=Reason(Code.WERE_TOO_MANY)),
        },
        now=clock(),
    )
    await post(ledger, other, 10, clock)
    record = await ledger.issue(other)
    assert [one.state for one in record.announcements] == [State.ANNOUNCED, State.WAITING]
    assert (record.state, record.announced_at) == (State.WAITING, clock())
    assert not (await ledger.issue(issue)).baseline


async def test_of_a_destination_that_is_declared_no_more_what_was_posted_stays_and_the_rest_is_forgotten(
    ledger: Ledger, clock: ManualClock, see: See, issue: IssueId
) -> None:
    await ledger.deliveries.declare("weekly", [CHANNEL, ELSEWHERE], now=clock())
    await ledger.pass_done(
        "weekly", destinations=await ledger.deliveries.declare("weekly", [CHANNEL, ELSEWHERE], now=clock()), commit="c", now=clock()
    )
    other = (await ledger.record("weekly", [see("b.md")], now=clock()))["b.md"]
    await post(ledger, other, 10, clock, delivery=(await ledger.issue(other)).announcements[1])
    third = (await ledger.record("weekly", [see("c.md")], now=clock()))["c.md"]
    await ledger.deliveries.declare("weekly", [CHANNEL], now=clock())
    assert [one.channel for one in (await ledger.issue(other)).announcements] == [CHANNEL, ELSEWHERE]
    assert [one.channel for one in (await ledger.issue(third)).announcements] == [CHANNEL]
    again = (await ledger.deliveries.declare("weekly", [CHANNEL, ELSEWHERE], now=clock()))[1]
    assert again.baseline_at is None
    assert again.id == (await ledger.issue(other)).announcements[1].destination
    assert issue


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
