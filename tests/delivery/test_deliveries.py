"""Announcement, reposts and notice of one issue, each kept in step by itself; and what is cleared is posted anew, once."""

from collections.abc import Awaitable, Callable, Sequence
from copy import deepcopy

import pytest
from delivering import CHANNEL, GUILD, announce, announcement, notice, repost
from recording import KilledError, RecordingOutlet

from discord_sandbox.clock import ManualClock
from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.errors import OutletError
from heartbeat_bot.ids import ChannelId, IssueId
from heartbeat_bot.policy.decisions import Code, Decision, Reason, State
from heartbeat_bot.rendering.post import COVER, Embed, Jump, Post, PostKey
from heartbeat_bot.sources.snapshot import BlobId
from heartbeat_bot.store.deliveries import Delivery
from heartbeat_bot.store.opening import open_store
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.outcome import Outcome
from heartbeat_bot.sync.publisher import Publisher

ROOM = ChannelId(3)
NewIssues = Callable[[Store, Sequence[str]], Awaitable[list[IssueId]]]
BUTTONS = ({"type": 1, "components": [{"type": 2, "style": 3, "label": "Approve", "custom_id": "approve:1"}]},)


def issue_of(*names: str, ping: int | None = None) -> list[Post]:
    jumps = tuple(Jump(label=name, to=PostKey(name)) for name in names)
    embed = Embed(title="May", url="https://example.org/may")
    cover = Post(key=COVER, content="<@&7>" if ping else "", embeds=(embed,), ping=ping, jumps=jumps)
    return [cover, *(Post(key=PostKey(name), content=name) for name in names)]


def notice_of(text: str = "May waits.", *, ping: int | None = None) -> list[Post]:
    embed = Embed(title="May", url="https://example.org/may", description=text)
    return [Post(key=COVER, embeds=(embed,), components=BUTTONS, ping=ping)]


Bring = Callable[..., Awaitable[Outcome]]


@pytest.fixture
def bring(publisher: Publisher, store: Store, issue: IssueId) -> Bring:
    """Deliver the announcement, or what is given."""

    async def bring(posts: Sequence[Post], delivery: Delivery | None = None) -> Outcome:
        return await publisher.deliver(delivery or await announcement(store, issue), posts)

    return bring


def said(outlet: RecordingOutlet, channel: ChannelId = CHANNEL) -> list[str]:
    """Return what the messages of a channel say; a cover is its title alone."""
    bodies = [message.body for _, message in sorted(outlet.messages.get(channel, {}).items())]
    return [body["content"].strip() or body["embeds"][0]["title"] for body in bodies]


async def test_deliveries_of_one_issue_in_one_channel_are_edited_and_emptied_by_themselves(
    bring: Bring, outlet: RecordingOutlet, store: Store, issue: IssueId
) -> None:
    await bring(issue_of("a", "b"))
    whole = await repost(store, issue)
    await bring(issue_of("a", "b"), whole)
    part = await store.deliveries.repost(issue, guild=GUILD, channel=CHANNEL, now=whole.created_at)
    await bring(issue_of("b")[1:], part)
    assert said(outlet) == ["May", "a", "b", "May", "a", "b", "b"]
    for delivery, posts in ((None, issue_of("a", "b")), (whole, issue_of("a", "b")), (part, issue_of("b")[1:])):
        assert await bring(posts, delivery) == Outcome()
    await bring(issue_of("a"), whole)
    assert said(outlet) == ["May", "a", "b", "May", "a", "b"]
    jumps = [message.body["embeds"][0]["description"] for message in outlet.messages[CHANNEL].values() if message.body["embeds"]]
    assert len(set(jumps)) == 2
    first = await announcement(store, issue)
    assert {(message.delivery, message.key) for message in await store.messages.held(issue)} == {
        (first.id, "cover"),
        (first.id, "a"),
        (first.id, "b"),
        (whole.id, "cover"),
        (whole.id, "a"),
        (part.id, "b"),
    }


async def test_a_delivery_is_withdrawn_alone_and_the_notice_stays(
    bring: Bring, publisher: Publisher, outlet: RecordingOutlet, store: Store, issue: IssueId
) -> None:
    await bring(issue_of("a"))
    await bring(issue_of("a"), await repost(store, issue, ROOM))
    told = await notice(store, issue, ROOM)
    await bring(notice_of(), told)
    outlet.kill_at = len(outlet.requests)
    with pytest.raises(KilledError):
        await bring(notice_of("May is out."), told)
    outlet.kill_at = None
    assert (await publisher.withdraw(await repost(store, issue, ROOM))).deleted == 2
    assert (await publisher.withdraw(await announcement(store, issue))).deleted == 2
    assert (said(outlet), said(outlet, ROOM)) == ([], ["May"])


async def test_a_repost_does_not_ping_again_and_a_notice_pings_for_itself(
    bring: Bring, outlet: RecordingOutlet, store: Store, issue: IssueId
) -> None:
    await bring(notice_of(ping=8), await notice(store, issue, ROOM))
    assert outlet.pings == 1
    await bring(issue_of("a", ping=7))
    again = await repost(store, issue)
    await bring(again.posts(issue_of("a", ping=7)), again)
    assert outlet.pings == 2
    assert (await announcement(store, issue)).pinged_at is not None


async def test_what_goes_wrong_with_a_notice_is_no_error_of_its_issue(
    bring: Bring, outlet: RecordingOutlet, store: Store, issue: IssueId
) -> None:
    outlet.refuse = [OutletError("no permission", status=403, code=50013, permanent=True)]
    told = await notice(store, issue, ROOM)
    assert str((await bring(notice_of(), told)).error) == "no permission"
    assert (await store.issue(issue)).error is None
    outlet.refuse = [OutletError("no permission", status=403, code=50013, permanent=True)]
    await bring(issue_of("a"))
    await bring(notice_of(), told)
    assert (await store.issue(issue)).error == "no permission"


async def test_a_send_of_a_repost_that_may_have_happened_is_not_taken_for_the_announcement_s(
    bring: Bring, outlet: RecordingOutlet, store: Store, issue: IssueId
) -> None:
    await bring(issue_of("a"))
    outlet.kill_at, outlet.kill_late = len(outlet.requests) + 1, True
    with pytest.raises(KilledError):
        await bring(issue_of("b"), await repost(store, issue))
    outlet.kill_at = None
    _, gone, _, copied = sorted(outlet.messages[CHANNEL])
    del outlet.messages[CHANNEL][gone]
    await bring(issue_of("b"))  # finds that its section is gone, and looks for it at the end of the channel
    again = await repost(store, issue)
    await bring(issue_of("b"), again)
    assert sorted(said(outlet)) == ["May", "May", "b", "b"]
    assert [message.message for message in await store.messages.held_of(again.id)][1] == copied


@pytest.mark.parametrize("cover_too", [True, False])
async def test_a_repost_whose_database_was_restored_is_adopted_when_it_has_the_cover_only(
    store: Store,
    outlet: RecordingOutlet,
    clock: ManualClock,
    issue: IssueId,
    new_issues: NewIssues,
    tmp_path_factory: pytest.TempPathFactory,
    cover_too: bool,  # noqa: FBT001
) -> None:
    posts = issue_of("a") if cover_too else issue_of("a")[1:]
    async with open_store(DatabaseAddress(tmp_path_factory.mktemp("lost") / "lost.db"), clock=clock) as lost:
        (same,) = await new_issues(lost, ["a.md"])
        await known_from_before(lost, same)
        await Publisher(lost, outlet, clock=clock).deliver(await repost(lost, same), posts)
    made = outlet.created
    await known_from_before(store, issue)
    await Publisher(store, outlet, clock=clock).deliver(await repost(store, issue), posts)
    assert outlet.created == made + (0 if cover_too else 1)
    assert (await store.issue(issue)).announced_at is None


async def known_from_before(store: Store, issue: IssueId) -> None:
    """Let an issue be one that was there before the first run."""
    when = (await store.issue(issue)).first_seen
    (home,) = await store.destinations.declare("weekly", [CHANNEL], now=when)
    await store.decided(home, {issue: Decision(state=State.BASELINE, reason=Reason(Code.BEFORE_FIRST_RUN))}, now=when)


async def test_a_notice_in_the_announcement_s_own_channel_is_not_taken_for_its_cover(
    bring: Bring, outlet: RecordingOutlet, store: Store, issue: IssueId, clock: ManualClock
) -> None:
    told = await notice(store, issue, CHANNEL)
    await bring(notice_of(), told)
    await store.messages.release(told.id, now=clock())
    await bring(notice_of("May waits still."), told)
    await bring(issue_of("a"))
    assert said(outlet) == ["May", "May", "May", "a"]


async def test_a_notice_of_a_ledger_that_was_lost_is_found_again_and_set_right(
    bring: Bring,
    outlet: RecordingOutlet,
    store: Store,
    issue: IssueId,
    clock: ManualClock,
    new_issues: NewIssues,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with open_store(DatabaseAddress(tmp_path_factory.mktemp("lost") / "lost.db"), clock=clock) as lost:
        (same,) = await new_issues(lost, ["a.md"])
        await Publisher(lost, outlet, clock=clock).deliver(await notice(lost, same, ROOM), notice_of())
    await bring(notice_of("May waits still."), await notice(store, issue, ROOM))
    assert outlet.requests == ["send", "edit"]


# -- clearing --------------------------------------------------------------------------------------------------------------


async def test_a_repost_sends_every_post_anew_and_pings_nobody_again(
    bring: Bring, publisher: Publisher, outlet: RecordingOutlet, store: Store, issue: IssueId
) -> None:
    posts = issue_of("a", "b", ping=7)
    await bring(posts)
    await store.deliveries.delivered(await announcement(store, issue), blob=BlobId("one"), rendering="r")
    before = set(outlet.messages[CHANNEL])
    assert (await publisher.clear(await announcement(store, issue))).deleted == 3
    assert (await store.issue(issue)).shown is None
    assert (await bring(posts)).sent == 3
    assert before.isdisjoint(outlet.messages[CHANNEL])
    assert (said(outlet), outlet.pings) == (["<@&7>", "a", "b"], 1)
    assert await bring(posts) == Outcome()


async def test_of_a_section_posted_anew_the_order_stays_and_the_last_message_is_the_new_one(
    bring: Bring, publisher: Publisher, outlet: RecordingOutlet, store: Store, issue: IssueId
) -> None:
    posts = issue_of("a", "b", "c")
    await bring(posts)
    first, second, _, fourth = sorted(outlet.messages[CHANNEL])
    assert (await publisher.clear(await announcement(store, issue), keys=[PostKey("b")])).deleted == 1
    outcome = await bring(posts)
    assert (outcome.sent, outcome.deleted) == (1, 0)
    assert said(outlet) == ["May", "a", "b", "c"]
    assert sorted(outlet.messages[CHANNEL])[:3] == [first, second, fourth]


async def test_clearing_one_delivery_or_nothing_leaves_the_others_alone(
    bring: Bring, publisher: Publisher, outlet: RecordingOutlet, store: Store, issue: IssueId
) -> None:
    await bring(issue_of("a"))
    again = await repost(store, issue)
    await bring(issue_of("a"), again)
    assert (await publisher.clear(again, keys=[COVER])).deleted == 1
    assert said(outlet) == ["May", "a", "a"]
    assert await publisher.clear(await announcement(store, issue), keys=[PostKey("no such section")]) == Outcome()
    assert await publisher.clear(await repost(store, issue, ROOM)) == Outcome()


async def test_a_refusal_to_delete_is_told_and_leaves_every_post_once(
    bring: Bring, publisher: Publisher, outlet: RecordingOutlet, store: Store, issue: IssueId
) -> None:
    posts = issue_of("a", "b")
    await bring(posts)
    outlet.refuse = [None, OutletError("no permission", status=403, code=50013, permanent=True)]
    outcome = await publisher.clear(await announcement(store, issue))
    assert (outcome.deleted, str(outcome.error)) == (1, "no permission")
    assert (await store.issue(issue)).error == "no permission"
    assert (await bring(posts)).done
    assert said(outlet) == ["May", "a", "b"]
    assert (await store.issue(issue)).error is None


def read(state: DatabaseAddress) -> bytes:
    return state.file.read_bytes()


def write(state: DatabaseAddress, content: bytes) -> None:
    state.file.write_bytes(content)


@pytest.mark.parametrize(
    ("again", "keys"), [(False, None), (True, [PostKey("a")])], ids=["whole-announcement", "section-of-a-repost"]
)
@pytest.mark.parametrize(("late", "pause"), [(False, 1), (True, 400)])
async def test_a_repost_killed_at_any_request_ends_with_every_post_once(
    state: DatabaseAddress,
    clock: ManualClock,
    new_issues: NewIssues,
    again: bool,  # noqa: FBT001
    keys: list[PostKey] | None,
    pause: float,
    late: bool,  # noqa: FBT001
) -> None:
    posts = issue_of("a", "b", ping=7)

    async def start(outlet: RecordingOutlet, *, clear: bool) -> None:
        """Start the program anew, and post what is not there."""
        async with open_store(state, clock=clock) as store:
            publisher = Publisher(store, outlet, clock=clock)
            assert await publisher.settle() == []
            (issue,) = [record.id for record in await store.issues()] or await new_issues(store, ["a.md"])
            if not clear:
                await announce(publisher, store, issue, posts, publish=True)
            delivery = await repost(store, issue) if again else await announcement(store, issue)
            if clear:
                await publisher.clear(delivery, keys=keys)
                await announce(publisher, store, issue, posts, publish=True)
            await publisher.deliver(delivery, delivery.posts(posts), publish=True)
            assert await store.outbox.unfinished() == []

    posted = RecordingOutlet(clock)
    await start(posted, clear=False)
    before = sorted(said(posted))
    saved = read(state)
    clean = deepcopy(posted, {id(clock): clock})
    await start(clean, clear=True)
    assert len(clean.requests) > len(posted.requests)
    for kill_at in range(len(posted.requests), len(clean.requests)):
        write(state, saved)
        outlet = deepcopy(posted, {id(clock): clock})
        outlet.kill_at, outlet.kill_late = kill_at, late
        with pytest.raises(KilledError):
            await start(outlet, clear=True)
        outlet.kill_at = None
        clock.advance(pause)
        await start(outlet, clear=False)
        assert said(outlet) == said(clean)
        assert (sorted(said(outlet)), outlet.pings) == (before, 1)
        assert all(message.published_at for message in outlet.messages[CHANNEL].values())
