"""What moderators decide, as the store keeps it: approve, schedule, hold, skip, retract, pause; notices, reposts and destinations; who did what."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from discord_sandbox.clock import ManualClock
from heartbeat_bot.database.tables import RequestKind
from heartbeat_bot.errors import StateError
from heartbeat_bot.identity.doubts import Doubt, DoubtCode
from heartbeat_bot.ids import ChannelId, GuildId, IssueId, MessageId
from heartbeat_bot.policy.approval import Version
from heartbeat_bot.policy.decisions import Code, Decision, Reason, State
from heartbeat_bot.policy.policy import Facts
from heartbeat_bot.rendering.post import COVER, Digest, Post, PostKey
from heartbeat_bot.sources.snapshot import BlobId
from heartbeat_bot.store.audit import ActionId
from heartbeat_bot.store.deliveries import Delivery, DeliveryKind
from heartbeat_bot.store.destinations import Destination
from heartbeat_bot.store.issues import IssueRecord, SourceFile
from heartbeat_bot.store.outbox import Request
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.facts import facts_of

See = Callable[..., SourceFile]
GUILD = GuildId(1)
CHANNEL, ELSEWHERE = ChannelId(2), ChannelId(3)


@pytest.fixture
async def issue(store: Store, clock: ManualClock, see: See) -> IssueId:
    return (await store.record("weekly", [see("a.md")], now=clock()))["a.md"]


async def announcement(store: Store, issue: IssueId) -> Delivery:
    return (await store.issue(issue)).announcements[0]


async def facts(store: Store, issue: IssueId) -> Facts:
    return facts_of(await store.issue(issue), await announcement(store, issue), "")


async def post(
    store: Store, issue: IssueId, message: int, clock: ManualClock, *, delivery: Delivery | None = None, role: int | None = None
) -> None:
    """Send a message of an announcement, or of another delivery, as the publisher notes it."""
    delivery = delivery or await announcement(store, issue)
    request = Request(
        kind=RequestKind.SEND,
        delivery=delivery.id,
        channel=delivery.channel,
        nonce=str(message),
        key=COVER,
        body={"content": "", "embeds": [], "allowed_mentions": {"parse": [], **({"roles": [str(role)]} if role else {})}},
        digest=Digest("d"),
    )
    written = await store.outbox.begin(request, now=clock())
    await store.outbox.sent(written, MessageId(message), now=clock())


async def notice(store: Store, issue: IssueId, clock: ManualClock) -> Delivery:
    return await store.deliveries.notice(issue, CHANNEL, GUILD, now=clock())


def decided(record: IssueRecord) -> set[str]:
    """Return which decisions stand."""
    names = ("approved_at", "scheduled_at", "on_hold_at", "skipped_at", "retracted_at", "doubt")
    return {name for name in names if getattr(record, name) is not None}


async def test_the_last_decision_of_a_moderator_is_the_one_that_stands(store: Store, clock: ManualClock, issue: IssueId) -> None:
    later = clock() + timedelta(days=1)
    await store.hold(issue, now=clock())
    held = await store.issue(issue)
    assert (held.state, held.reason, decided(held)) == (State.WAITING, Reason(Code.ON_HOLD), {"on_hold_at"})
    await store.approve(issue, now=clock())
    assert decided(await store.issue(issue)) == {"approved_at"}
    await store.schedule(issue, later)
    assert decided(await store.issue(issue)) == {"scheduled_at"}
    assert (await facts(store, issue)).scheduled == later
    await store.hold(issue, now=clock())
    assert decided(await store.issue(issue)) == {"on_hold_at"}
    await store.skip(issue, now=clock())
    skipped = await store.issue(issue)
    assert (skipped.state, skipped.reason, decided(skipped)) == (State.BASELINE, Reason(Code.SKIPPED), {"skipped_at"})
    assert ((await facts(store, issue)).baseline, (await facts(store, issue)).skipped) == (True, True)


@pytest.mark.parametrize("verb", ["approve", "schedule", "skip"])
async def test_a_decision_ends_the_doubt_and_a_hold_does_not(store: Store, clock: ManualClock, see: See, verb: str) -> None:
    seen = see("a.md")
    doubtful = SourceFile(
        **{name: getattr(seen, name) for name in SourceFile.__dataclass_fields__} | {"doubt": Doubt(code=DoubtCode.TEMPLATE)}
    )
    issue = (await store.record("weekly", [doubtful], now=clock()))["a.md"]
    await store.hold(issue, now=clock())
    assert (await store.issue(issue)).doubtful
    if verb == "schedule":
        await store.schedule(issue, clock())
    else:
        await getattr(store, verb)(issue, now=clock())
    assert (await store.issue(issue)).doubt is None


async def test_what_is_out_is_not_held_scheduled_or_skipped(store: Store, clock: ManualClock, issue: IssueId) -> None:
    await post(store, issue, 10, clock)
    for decision in (store.hold(issue, now=clock()), store.skip(issue, now=clock()), store.schedule(issue, clock())):
        with pytest.raises(StateError, match="announced already: retract it"):
            await decision
    await store.retract(issue, now=clock())
    for decision in (store.hold(issue, now=clock()), store.skip(issue, now=clock())):
        with pytest.raises(StateError, match="taken back already"):
            await decision
    await store.schedule(issue, clock())
    assert decided(await store.issue(issue)) == {"scheduled_at"}


async def test_an_issue_that_was_taken_back_and_is_approved_is_announced_anew(
    store: Store, clock: ManualClock, issue: IssueId
) -> None:
    await post(store, issue, 10, clock, role=7)
    await store.deliveries.delivered(await announcement(store, issue), blob=BlobId("one"), rendering="r")
    await store.approve(issue, now=clock())
    assert (await store.issue(issue)).announced_at is not None
    await store.retract(issue, now=clock())
    await store.approve(issue, now=clock())
    record = await store.issue(issue)
    assert (record.announced_at, record.shown, record.retracted_at) == (None, None, None)
    assert record.announcements[0].pinged_at == clock()


async def test_an_issue_that_went_and_comes_back_is_not_scheduled_any_more(
    store: Store, clock: ManualClock, issue: IssueId
) -> None:
    await store.schedule(issue, clock())
    await post(store, issue, 10, clock)
    await store.withdrawn(await announcement(store, issue), now=clock())
    assert (await facts(store, issue)).scheduled is None


async def test_a_decision_about_what_is_gone_waits_for_it_to_come_back(
    store: Store, clock: ManualClock, see: See, issue: IssueId
) -> None:
    await store.record("weekly", [], gone=[issue], now=clock())
    await store.hold(issue, now=clock())
    assert (await store.issue(issue)).state is State.GONE
    await store.record("weekly", [see("a.md", issue=issue)], now=clock())
    assert (await facts(store, issue)).on_hold


async def test_a_newsletter_is_paused_until_it_is_resumed(store: Store, clock: ManualClock) -> None:
    await store.pause("weekly", now=clock())
    assert (await store.newsletter("weekly")).paused_at == clock()
    await store.pass_done("weekly", commit="c", now=clock())
    assert (await store.newsletter("weekly")).paused_at == clock()
    await store.resume("weekly")
    assert (await store.newsletter("weekly")).paused_at is None


@pytest.mark.parametrize("verb", ["hold", "skip", "retract"])
async def test_what_a_moderator_holds_back_at_that_instant_is_not_begun(
    store: Store, clock: ManualClock, issue: IssueId, verb: str
) -> None:
    delivery = (await announcement(store, issue)).id
    request = Request(kind=RequestKind.SEND, delivery=delivery, channel=CHANNEL, nonce="1", key=COVER, body={}, digest=Digest("d"))
    await getattr(store, verb)(issue, now=clock())
    assert await store.begin(request, issue, now=clock()) is None
    assert await store.outbox.unfinished() == []
    assert (await store.issue(issue)).announced_at is None
    await store.approve(issue, now=clock())
    assert await store.begin(request, issue, now=clock()) is not None
    assert (await store.issue(issue)).announced_at == clock()


# -- notices ---------------------------------------------------------------------------------------------------------------


async def test_a_notice_announces_nothing_and_pings_for_nobody(store: Store, clock: ManualClock, issue: IssueId) -> None:
    delivery = await notice(store, issue, clock)
    assert await notice(store, issue, clock) == delivery
    await post(store, issue, 10, clock, delivery=delivery, role=7)
    record = await store.issue(issue)
    assert (record.announced_at, record.messages, record.state) == (None, (), State.NEW)
    assert record.announcements[0].pinged_at is None
    assert await store.messages.held(issue) == []
    assert [message.message for message in await store.messages.held_of(delivery.id)] == [10]
    assert [message.message for message in await store.messages.notices("weekly")] == [10]
    await post(store, issue, 11, clock, role=7)
    record = await store.issue(issue)
    assert (record.announced_at, record.announcements[0].pinged_at) == (clock(), clock())


async def test_the_same_post_may_be_under_way_in_each_delivery_once(store: Store, clock: ManualClock, issue: IssueId) -> None:
    await post(store, issue, 5, clock)
    again = await store.deliveries.repost(issue, guild=GUILD, channel=CHANNEL, now=clock())
    deliveries = [await announcement(store, issue), again, await notice(store, issue, clock)]

    def request(delivery: Delivery, nonce: str) -> Request:
        body = {"allowed_mentions": {"parse": []}}
        return Request(kind=RequestKind.SEND, delivery=delivery.id, channel=CHANNEL, nonce=nonce, key=COVER, body=body)

    for number, delivery in enumerate(deliveries):
        await store.outbox.begin(request(delivery, str(number)), now=clock())
    with pytest.raises(Exception, match="UNIQUE"):
        await store.outbox.begin(request(again, "x"), now=clock())
    assert [one.request.delivery for one in await store.outbox.unfinished(issue, CHANNEL)] == [one.id for one in deliveries]


async def test_an_issue_taken_back_or_gone_holds_reposts_and_no_notices(store: Store, clock: ManualClock, issue: IssueId) -> None:
    await post(store, issue, 9, clock)
    again = await store.deliveries.repost(issue, guild=GUILD, channel=CHANNEL, now=clock())
    await post(store, issue, 10, clock, delivery=await notice(store, issue, clock))
    await post(store, issue, 11, clock, delivery=again)
    await store.retract(issue, now=clock())
    assert await store.holding("weekly") == {again.id, (await announcement(store, issue)).id}


async def test_a_notice_of_an_issue_that_turns_out_to_be_another_is_that_one_s(
    store: Store, clock: ManualClock, see: See, issue: IssueId
) -> None:
    doubtful = (await store.record("weekly", [see("b.md")], now=clock()))["b.md"]
    await post(store, doubtful, 10, clock, delivery=await notice(store, doubtful, clock))
    await store.record("weekly", [see("b.md", issue=issue)], absorbed=[doubtful], now=clock())
    assert [(message.issue, message.message) for message in await store.messages.notices("weekly")] == [(issue, 10)]
    with pytest.raises(StateError):
        await store.issue(doubtful)


async def test_two_notices_become_one_when_their_issues_turn_out_to_be_one(
    store: Store, clock: ManualClock, see: See, issue: IssueId
) -> None:
    doubtful = (await store.record("weekly", [see("b.md")], now=clock()))["b.md"]
    await post(store, issue, 9, clock, delivery=await notice(store, issue, clock))
    await post(store, doubtful, 10, clock, delivery=await notice(store, doubtful, clock))
    await store.record("weekly", [see("b.md", issue=issue)], absorbed=[doubtful], now=clock())
    assert {message.delivery for message in await store.messages.notices("weekly")} == {(await notice(store, issue, clock)).id}
    assert [message.message for message in await store.messages.notices("weekly")] == [9, 10]


# -- reposts ---------------------------------------------------------------------------------------------------------------


async def test_reposts_are_deliveries_of_their_own_and_what_is_left_of_one_that_ended_is_an_orphan(
    store: Store, clock: ManualClock, issue: IssueId
) -> None:
    await post(store, issue, 10, clock)

    async def add(channel: ChannelId) -> Delivery:
        return await store.deliveries.repost(issue, guild=GUILD, channel=channel, sections=[PostKey("news")], now=clock())

    first, second, third = [await add(channel) for channel in (CHANNEL, CHANNEL, ELSEWHERE)]
    await post(store, issue, 11, clock, delivery=second)
    await store.deliveries.end([second.id], now=clock())
    fourth = await add(CHANNEL)
    reposts = await store.deliveries.of(issue, DeliveryKind.REPOST)
    assert reposts == [first, third, fourth]
    assert [(one.channel, one.guild, one.sections) for one in reposts[1:]] == [
        (ELSEWHERE, GUILD, ("news",)),
        (CHANNEL, GUILD, ("news",)),
    ]
    assert list(await store.deliveries.reposts("weekly")) == reposts
    assert [orphan.id for orphan in await store.deliveries.orphans("weekly")] == [second.id]


async def test_a_repost_is_of_an_issue_that_is_out(store: Store, home: Destination, clock: ManualClock, issue: IssueId) -> None:
    async def add(issue: IssueId) -> Delivery:
        return await store.deliveries.repost(issue, guild=GUILD, channel=CHANNEL, now=clock())

    with pytest.raises(StateError, match="There is no issue number 99"):
        await add(IssueId(99))
    with pytest.raises(StateError, match="has not been announced yet"):
        await add(issue)
    await store.decided(home, {issue: Decision(state=State.BASELINE, reason=Reason(Code.BEFORE_FIRST_RUN))}, now=clock())
    await post(store, issue, 10, clock, delivery=await add(issue))
    assert (await store.issue(issue)).announced_at is None
    await store.retract(issue, now=clock())
    with pytest.raises(StateError, match="was taken back"):
        await add(issue)
    await store.record("weekly", [], gone=[issue], now=clock())
    await store.approve(issue, now=clock())
    with pytest.raises(StateError, match="file is gone"):
        await add(issue)


@pytest.mark.parametrize("how", ["retract", "withdrawn"])
async def test_reposts_go_with_their_announcement(store: Store, clock: ManualClock, issue: IssueId, how: str) -> None:
    await post(store, issue, 10, clock)
    await store.deliveries.repost(issue, guild=GUILD, channel=CHANNEL, now=clock())
    if how == "retract":
        await store.retract(issue, now=clock())
    else:
        await store.withdrawn(await announcement(store, issue), now=clock())
    assert await store.deliveries.of(issue, DeliveryKind.REPOST) == []


async def test_a_repost_has_the_sections_that_were_asked_for_and_mentions_nobody(
    store: Store, clock: ManualClock, issue: IssueId
) -> None:
    await post(store, issue, 10, clock)
    names = ["news", "news/2", "news-room", "jobs"]
    posts = [Post(key=COVER, content="<@&7> hello", ping=7), *(Post(key=PostKey(name), content=name) for name in names)]
    for keys in (None, ["news"], ["cover", "jobs"], ["away"]):
        sections = keys and [PostKey(key) for key in keys]
        await store.deliveries.repost(issue, guild=GUILD, channel=CHANNEL, sections=sections, now=clock())
    whole, news, two, away = await store.deliveries.of(issue, DeliveryKind.REPOST)
    assert [post.key for post in whole.posts(posts)] == ["cover", *names]
    assert (whole.posts(posts)[0].content, whole.posts(posts)[0].ping) == ("hello", None)
    assert [post.key for post in news.posts(posts)] == ["news", "news/2"]
    assert [post.key for post in two.posts(posts)] == ["cover", "jobs"]
    assert away.posts(posts) == ()


async def test_what_a_repost_shows_is_known_until_a_post_of_it_is_let_go(store: Store, clock: ManualClock, issue: IssueId) -> None:
    await post(store, issue, 10, clock)
    repost = await store.deliveries.repost(issue, guild=GUILD, channel=CHANNEL, now=clock())
    assert (repost.shown, repost.shown_as) == (None, None)
    await store.deliveries.delivered(repost, blob=BlobId("one"), rendering="r")
    shown = await store.deliveries.get(repost.id)
    assert (shown.shown, shown.shown_as) == ("one", "r")
    await store.messages.release(repost.id, now=clock())
    assert (await store.deliveries.get(repost.id)).shown is None
    assert len((await store.issue(issue)).messages) == 1


async def test_a_repost_in_the_place_of_others_comes_as_they_go(store: Store, clock: ManualClock, issue: IssueId) -> None:
    await post(store, issue, 5, clock)
    first = await store.deliveries.repost(issue, guild=GUILD, channel=ELSEWHERE, now=clock())
    await post(store, issue, 6, clock, delivery=first)
    second = await store.deliveries.repost(issue, guild=GUILD, channel=ELSEWHERE, instead_of=[first], now=clock())
    assert await store.deliveries.of(issue, DeliveryKind.REPOST) == [second]
    assert [orphan.id for orphan in await store.deliveries.orphans("weekly")] == [first.id]
    await store.retract(issue, now=clock())
    with pytest.raises(StateError):
        await store.deliveries.repost(issue, guild=GUILD, channel=ELSEWHERE, instead_of=[second], now=clock())


# -- destinations ----------------------------------------------------------------------------------------------------------


async def test_each_destination_knows_of_an_issue_what_became_of_it_there(
    store: Store, home: Destination, clock: ManualClock, see: See, issue: IssueId
) -> None:
    here, there = await store.destinations.declare("weekly", [CHANNEL, ELSEWHERE], now=clock())
    assert here == home
    other = (await store.record("weekly", [see("b.md")], now=clock()))["b.md"]
    assert [one.destination for one in (await store.issue(other)).announcements] == [here.id, there.id]
    await store.decided(
        there,
        {
            issue: Decision(state=State.BASELINE, reason=Reason(Code.BEFORE_FIRST_RUN)),
            other: Decision(state=State.WAITING, reason=Reason(Code.WERE_TOO_MANY)),
        },
        now=clock(),
    )
    await post(store, other, 10, clock)
    record = await store.issue(other)
    assert [one.state for one in record.announcements] == [State.ANNOUNCED, State.WAITING]
    assert (record.state, record.announced_at) == (State.WAITING, clock())
    assert not (await store.issue(issue)).baseline
    # An edit that moderators are asked about is one of what was announced: elsewhere the issue waits for what it waited for.
    await store.ask_about(other, Version("f00d"))
    record = await store.issue(other)
    assert [one.reason.code for one in record.announcements] == [Code.ANNOUNCED, Code.WERE_TOO_MANY]


async def test_of_a_destination_that_is_declared_no_more_what_was_posted_stays_and_the_rest_is_forgotten(
    store: Store, clock: ManualClock, see: See, issue: IssueId
) -> None:
    declared = await store.destinations.declare("weekly", [CHANNEL, ELSEWHERE], now=clock())
    await store.pass_done("weekly", destinations=[one.id for one in declared], commit="c", now=clock())
    other = (await store.record("weekly", [see("b.md")], now=clock()))["b.md"]
    await post(store, other, 10, clock, delivery=(await store.issue(other)).announcements[1])
    third = (await store.record("weekly", [see("c.md")], now=clock()))["c.md"]
    await store.destinations.declare("weekly", [CHANNEL], now=clock())
    assert [one.channel for one in (await store.issue(other)).announcements] == [CHANNEL, ELSEWHERE]
    assert [one.channel for one in (await store.issue(third)).announcements] == [CHANNEL]
    again = (await store.destinations.declare("weekly", [CHANNEL, ELSEWHERE], now=clock()))[1]
    assert again.baseline_at is None
    assert again.id == (await store.issue(other)).announcements[1].destination
    assert issue


# -- who did what ----------------------------------------------------------------------------------------------------------


async def test_an_action_is_begun_once_whatever_is_clicked_twice(store: Store, clock: ManualClock, issue: IssueId) -> None:
    async def begin(token: str | None, newsletter: str = "weekly") -> ActionId | None:
        return await store.actions.begin(
            token=token, who=2**62, name="ann", verb="approve", newsletter=newsletter, issue=issue, detail="d", now=clock()
        )

    first, again = await begin("t"), await begin("t")
    assert (first is not None, again) == (True, None)
    assert None not in {await begin(None), await begin(None), await begin("u", "daily")}
    assert first
    await store.actions.end(first, "announced", now=clock())
    await store.actions.end(first, "cut off", now=clock() + timedelta(hours=1))
    assert [action.newsletter for action in await store.actions.latest(3)] == ["daily", "weekly", "weekly"]
    oldest = (await store.actions.latest(10, "weekly"))[-1]
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
    assert len(await store.actions.unfinished()) == 3


async def test_an_event_of_a_server_is_begun_once_made_changed_and_forgotten(store: Store, clock: ManualClock) -> None:
    events = store.server_events

    async def begin() -> bool:
        return await events.begin(GUILD, "party", newsletter="weekly", path="a.md", digest="d1", now=clock())

    assert await events.find(GUILD, "party") is None
    assert (await begin(), await begin()) == (True, False)
    begun = await events.find(GUILD, "party")
    assert begun
    assert (begun.scheduled_event, begun.digest, begun.told_digest) == (None, "d1", None)
    await events.made(GUILD, "party", 2**62, now=clock())
    await events.notified(GUILD, "party", digest="d2", now=clock())
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
