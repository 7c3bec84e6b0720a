"""The publisher, killed, refused and told to wait, on a real database and an outlet in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from delivering import announce, announcement
from recording import KilledError, RecordingOutlet

from discord_sandbox.clock import ManualClock, Snowflakes
from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.errors import OutletError, RateLimitedError, SourceError
from heartbeat_bot.ids import ChannelId, IssueId, MessageId
from heartbeat_bot.policy.decisions import State
from heartbeat_bot.rendering.post import COVER, Embed, File, Jump, Post, PostKey, Upload
from heartbeat_bot.store.opening import open_store
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.outcome import Outcome, Step
from heartbeat_bot.sync.publisher import Publisher

CHANNEL = ChannelId(2)
NewIssues = Callable[[Store, Sequence[str]], Awaitable[list[IssueId]]]


def section(name: str, text: str | None = None) -> Post:
    return Post(key=PostKey(name), content=name if text is None else text)


def issue_of(*names: str, ping: int | None = None) -> list[Post]:
    jumps = tuple(Jump(label=name, to=PostKey(name)) for name in names)
    cover = Post(key=COVER, content="<@&7>" if ping else "", embeds=(Embed(title="Issue"),), ping=ping, jumps=jumps)
    return [cover, *(section(name) for name in names)]


@pytest.fixture
def step(publisher: Publisher, store: Store, issue: IssueId) -> Callable[..., Awaitable[Outcome]]:
    async def bring(posts: Sequence[Post], *, publish: bool = False, **more: object) -> Outcome:
        return await announce(publisher, store, issue, posts, publish=publish, **more)

    return bring


Bring = Callable[..., Awaitable[Outcome]]


async def test_a_fresh_issue_is_posted_and_a_second_pass_makes_no_request(step: Bring, outlet: RecordingOutlet) -> None:
    outcome = await step(issue_of("a", "b"))
    assert (outcome.sent, outcome.edited, outcome.done) == (3, 1, True)
    assert await step(issue_of("a", "b")) == Outcome()
    assert outlet.requests == ["send", "send", "send", "edit"]
    first, second = sorted(outlet.messages[CHANNEL])[1:]
    assert outlet.texts(CHANNEL) == [
        f"|**In this issue**\n- [a](https://discord.com/channels/1/2/{first})\n- [b](https://discord.com/channels/1/2/{second})",
        "a",
        "b",
    ]


async def test_posting_makes_an_issue_announced(step: Bring, store: Store, issue: IssueId, clock: ManualClock) -> None:
    await step(issue_of("a"))
    record = await store.issue(issue)
    assert (record.state, record.announced_at) == (State.ANNOUNCED, clock())
    assert [message.key for message in record.messages] == ["cover", "a"]


STAGES = (issue_of("a", ping=7), issue_of("x", "a!"), issue_of("a!"))
"""An issue's life: posted, a section inserted before another that changes, and taken out again."""


async def live(
    state: DatabaseAddress, outlet: RecordingOutlet, issue: IssueId, channel: ChannelId, stages: list[list[Post]]
) -> None:
    """Start the program anew on the same database, and go through the stages of an issue's life that are left."""
    async with open_store(state, clock=outlet.clock) as store:
        publisher = Publisher(store, outlet, clock=outlet.clock)
        assert await publisher.settle() == []
        assert await store.outbox.unfinished() == []
        while stages:
            posts = stages[0]
            await announce(publisher, store, issue, posts, channel=channel, publish=True)
            addresses = dict(zip([post.key for post in posts], sorted(outlet.messages[channel]), strict=True))
            assert outlet.texts(channel)[1:] == [post.content for post in posts[1:]]
            assert all(f"/{addresses[jump.to]})" in outlet.texts(channel)[0] for jump in posts[0].jumps)
            del stages[0]


@pytest.mark.parametrize(("late", "pause"), [(False, 400), (True, 1), (True, 400)])
async def test_a_kill_at_any_request_loses_nothing_and_doubles_nothing(
    state: DatabaseAddress,
    clock: ManualClock,
    new_issues: NewIssues,
    pause: float,
    late: bool,  # noqa: FBT001
) -> None:
    async with open_store(state, clock=clock) as store:
        *issues, clean_issue = await new_issues(store, [f"{number}.md" for number in range(40)])
    ids = Snowflakes(clock)
    clean = RecordingOutlet(clock, ids=ids)
    await live(state, clean, clean_issue, CHANNEL, list(STAGES))
    for kill_at in range(len(clean.requests)):
        outlet = RecordingOutlet(clock, kill_at=kill_at, kill_late=late, ids=ids)
        channel, stages = ChannelId(1000 + kill_at), list(STAGES)
        with pytest.raises(KilledError):
            await live(state, outlet, issues[kill_at], channel, stages)
        outlet.kill_at = None
        clock.advance(pause)
        await live(state, outlet, issues[kill_at], channel, stages)
        assert (outlet.created, outlet.pings) == (clean.created, 1)
        assert all(message.published_at for message in outlet.messages[channel].values())


async def test_a_send_that_may_have_happened_is_adopted_from_history_when_its_nonce_is_old(
    step: Bring, outlet: RecordingOutlet, clock: ManualClock
) -> None:
    outlet.kill_at, outlet.kill_late = 0, True
    with pytest.raises(KilledError):
        await step([section("a")])
    outlet.kill_at = None
    clock.advance(3600)
    assert await step([section("a")]) == Outcome()
    assert outlet.requests == ["send"]


async def test_a_send_that_did_not_happen_is_made_as_it_is_wanted_by_then(
    step: Bring, outlet: RecordingOutlet, clock: ManualClock
) -> None:
    outlet.kill_at = 0
    with pytest.raises(KilledError):
        await step([section("a", "old")])
    outlet.kill_at = None
    clock.advance(3600)
    await step([section("a", "new")])
    assert outlet.requests == ["send"]
    assert outlet.texts(CHANNEL) == ["new"]


async def test_a_message_of_another_issue_is_never_adopted(
    publisher: Publisher, store: Store, new_issues: NewIssues, outlet: RecordingOutlet, clock: ManualClock
) -> None:
    one, other = await new_issues(store, ["1.md", "2.md"])
    await announce(publisher, store, one, [section("a", "same")])
    outlet.kill_at = 1
    with pytest.raises(KilledError):
        await announce(publisher, store, other, [section("a", "same")])
    outlet.kill_at = None
    clock.advance(3600)
    await publisher.settle()
    await announce(publisher, store, other, [section("a", "same")])
    assert outlet.texts(CHANNEL) == ["same", "same"]


async def test_an_edit_that_may_have_happened_is_made_again_even_when_the_text_went_back(
    step: Bring, outlet: RecordingOutlet
) -> None:
    await step([section("a", "old")])
    outlet.kill_at, outlet.kill_late = 1, True
    with pytest.raises(KilledError):
        await step([section("a", "new")])
    outlet.kill_at = None
    assert outlet.texts(CHANNEL) == ["new"]
    await step([section("a", "old")])
    assert outlet.texts(CHANNEL) == ["old"]


async def test_a_message_that_a_moderator_deleted_is_made_good(step: Bring, outlet: RecordingOutlet) -> None:
    await step([section("a"), section("b"), section("c")])
    del outlet.messages[CHANNEL][sorted(outlet.messages[CHANNEL])[1]]
    await step([section("a"), section("b!"), section("c")])
    assert outlet.texts(CHANNEL) == ["a", "b!", "c"]


async def test_a_delete_of_a_message_that_is_gone_is_done(step: Bring, outlet: RecordingOutlet) -> None:
    await step([section("a"), section("b")])
    del outlet.messages[CHANNEL][sorted(outlet.messages[CHANNEL])[1]]
    assert (await step([section("a")])).done
    assert outlet.texts(CHANNEL) == ["a"]


async def test_a_refusal_is_noted_with_the_issue_and_forgotten_when_it_is_over(
    step: Bring, outlet: RecordingOutlet, store: Store, issue: IssueId
) -> None:
    outlet.refuse = [None, OutletError("no permission", status=403, code=50013, permanent=True)]
    outcome = await step([section("a"), section("b")])
    assert (outcome.sent, str(outcome.error), outcome.done) == (1, "no permission", False)
    assert (await store.issue(issue)).error == "no permission"
    assert await store.outbox.unfinished() == []
    assert (await step([section("a"), section("b")])).done
    assert (await store.issue(issue)).error is None
    assert outlet.texts(CHANNEL) == ["a", "b"]


async def test_an_answer_that_got_lost_leaves_an_intent_that_the_next_pass_settles(
    step: Bring, outlet: RecordingOutlet, store: Store
) -> None:
    outlet.refuse = [OutletError("no answer", status=None, permanent=False)]
    assert not (await step([section("a")])).done
    assert len(await store.outbox.unfinished()) == 1
    assert (await step([section("a")])).sent == 1
    assert outlet.texts(CHANNEL) == ["a"]


async def test_more_than_ten_crossposts_wait_for_their_hour_and_are_not_lost(
    step: Bring, outlet: RecordingOutlet, store: Store, clock: ManualClock
) -> None:
    posts = [section(name) for name in "abcdefghijklm"]
    begun = clock()
    outcome = await step(posts, publish=True)
    assert (outcome.sent, outcome.published, outcome.waits_until) == (13, 10, begun + timedelta(hours=1))
    waits = await store.messages.limited(now=clock())
    assert [(wait.key, wait.until) for wait in waits] == [(name, begun + timedelta(hours=1)) for name in "klm"]
    clock.advance(1800)
    assert (await step(posts, publish=True)).published == 0
    assert outlet.requests.count("publish") == 10
    clock.advance(1801)
    assert (await step(posts, publish=True)).published == 3
    assert await store.messages.limited(now=clock()) == []
    assert await step(posts, publish=True) == Outcome()


async def test_a_longer_wait_that_discord_asks_for_is_kept(step: Bring, outlet: RecordingOutlet, clock: ManualClock) -> None:
    outlet.refuse = [None, RateLimitedError("wait", retry_after=2000)]
    outcome = await step([section("a")], publish=True)
    assert outcome.waits_until == clock() + timedelta(seconds=2000)
    clock.advance(1999)
    await step([section("a")], publish=True)
    assert outlet.requests == ["send", "publish"]
    clock.advance(2)
    assert (await step([section("a")], publish=True)).published == 1


async def test_an_edit_of_a_published_message_waits_as_long_as_discord_asks_and_asks_no_more(
    step: Bring, outlet: RecordingOutlet, store: Store, clock: ManualClock
) -> None:
    await step([section("a")], publish=True)
    outlet.refuse = [RateLimitedError("wait", retry_after=1200)]
    for _ in range(3):
        assert (await step([section("a", "new")], publish=True)).waits_until == clock() + timedelta(seconds=1200)
    assert outlet.requests == ["send", "publish", "edit"]
    assert [wait.key for wait in await store.messages.limited(now=clock())] == ["a"]
    assert await store.outbox.unfinished() == []
    clock.advance(1200)
    assert (await step([section("a", "new")], publish=True)).edited == 1
    assert await store.messages.limited(now=clock()) == []
    assert outlet.texts(CHANNEL) == ["new"]


async def test_a_message_that_waits_to_be_published_can_be_edited_meanwhile(
    step: Bring, outlet: RecordingOutlet, clock: ManualClock
) -> None:
    outlet.refuse = [None, RateLimitedError("wait", retry_after=1200)]
    await step([section("a")], publish=True)
    outcome = await step([section("a", "new")], publish=True)
    assert (outcome.edited, outcome.published, outcome.waits_until) == (1, 0, clock() + timedelta(seconds=1200))
    assert outlet.requests == ["send", "publish", "edit"]


async def test_waits_that_a_wrong_clock_wrote_down_hold_nothing_up(
    step: Bring, outlet: RecordingOutlet, clock: ManualClock
) -> None:
    clock.advance(400 * 86400)
    await step([section(name) for name in "abcdefghijk"], publish=True)
    clock.advance(-400 * 86400)
    outlet.messages[CHANNEL][max(outlet.messages[CHANNEL])].published_at = None
    for message in outlet.messages[CHANNEL].values():
        message.published_at = message.published_at and clock() - timedelta(hours=2)
    assert (await step([section(name) for name in "abcdefghijk"], publish=True)).published == 1


async def test_a_message_that_discord_fails_at_is_tried_less_and_less_often(
    step: Bring, outlet: RecordingOutlet, clock: ManualClock
) -> None:
    fault = OutletError("fault", status=500, permanent=False)
    for _ in range(24 * 12):
        outlet.refuse = [fault]
        outcome = await step([section("a")])
        assert outcome.error is not None
        clock.advance(300)
    assert outlet.requests.count("send") == 12
    assert "12 times in a row: it is tried again after" in str((await step([section("a")])).error)
    assert outlet.looks < 30
    outlet.refuse = []
    assert (await step([section("a", "shorter")])).done
    assert outlet.texts(CHANNEL) == ["shorter"]


async def test_the_channel_is_looked_at_once_before_something_is_sent_and_not_on_other_passes(
    step: Bring, outlet: RecordingOutlet
) -> None:
    await step(issue_of("a", "b"))
    assert outlet.looks == 1
    await step(issue_of("a", "b"))
    await step(issue_of("a"))
    assert outlet.looks == 1


async def test_a_bot_that_may_not_read_the_channel_sends_nothing_and_settles_nothing(
    step: Bring, publisher: Publisher, outlet: RecordingOutlet, store: Store
) -> None:
    outlet.kill_at, outlet.kill_late = 0, True
    with pytest.raises(KilledError):
        await step([section("a"), section("b")])
    outlet.kill_at = None
    outlet.missing = ("Read Message History",)
    assert [str(error) for error in await publisher.settle()] == [str((await step([section("a"), section("b")])).error)]
    assert outlet.requests == ["send"]
    assert len(await store.outbox.unfinished()) == 1
    outlet.missing = ()
    assert (await step([section("a"), section("b")])).sent == 1
    assert outlet.texts(CHANNEL) == ["a", "b"]


async def test_permissions_are_asked_for_once_a_delivery_and_not_by_passes_that_send_nothing(
    step: Bring, outlet: RecordingOutlet
) -> None:
    await step(issue_of("a", "b"))
    assert outlet.checks == 1
    await step(issue_of("a", "b"))
    assert outlet.checks == 1
    await step([section("a", "new")])
    assert outlet.checks == 2


async def test_a_send_that_was_given_up_is_looked_for_during_a_quarter_of_an_hour(
    step: Bring, publisher: Publisher, outlet: RecordingOutlet, clock: ManualClock
) -> None:
    outlet.kill_at = 0
    with pytest.raises(KilledError):
        await step([section("a")])
    outlet.kill_at = None
    clock.advance(70)
    await step([section("a")])
    looks: list[int] = []
    for _ in range(4):
        before = outlet.looks
        assert await publisher.delete_late("weekly") == []
        looks.append(outlet.looks - before)
        clock.advance(600)
    assert looks == [1, 1, 1, 0]
    assert outlet.texts(CHANNEL) == ["a"]


async def test_a_send_to_a_channel_that_was_deleted_is_forgotten(
    step: Bring, publisher: Publisher, outlet: RecordingOutlet, store: Store
) -> None:
    outlet.kill_at = 0
    with pytest.raises(KilledError):
        await step([section("a")])
    outlet.kill_at = None
    outlet.refuse_looks = OutletError("no such channel", status=404, code=10003, permanent=True)
    assert await publisher.settle() == []
    assert await store.outbox.unfinished() == []


async def test_a_ping_that_was_sent_under_another_database_is_not_sent_again(
    step: Bring, outlet: RecordingOutlet, store: Store, issue: IssueId, new_issues: NewIssues, tmp_path: Path
) -> None:
    async with open_store(DatabaseAddress(tmp_path / "lost.db"), clock=outlet.clock) as lost:
        (same,) = await new_issues(lost, ["a.md"])
        publisher = Publisher(lost, outlet, clock=outlet.clock)
        await announce(publisher, lost, same, issue_of("a", ping=7), publish=True)
    assert await step(issue_of("a", ping=7), publish=True) == Outcome()
    record = await store.issue(issue)
    assert (record.state, record.announcements[0].pinged_at) == (State.ANNOUNCED, outlet.clock())
    assert (outlet.created, outlet.pings) == (2, 1)


async def test_a_wait_before_a_send_ends_the_pass_and_leaves_no_request(
    step: Bring, outlet: RecordingOutlet, store: Store, clock: ManualClock
) -> None:
    outlet.refuse = [RateLimitedError("wait", retry_after=90)]
    assert (await step([section("a")])).waits_until == clock() + timedelta(seconds=90)
    assert await store.outbox.unfinished() == []


async def test_the_role_is_pinged_once_even_when_the_cover_is_posted_again(
    step: Bring, outlet: RecordingOutlet, store: Store, issue: IssueId, clock: ManualClock
) -> None:
    await step(issue_of("a", ping=7))
    await store.messages.release((await announcement(store, issue)).id, now=clock())
    await step(issue_of("a", ping=7))
    assert (outlet.created, outlet.pings) == (4, 1)
    assert await step(issue_of("a", ping=7)) == Outcome()


async def test_a_withdrawn_issue_leaves_no_message_in_any_channel(
    publisher: Publisher, outlet: RecordingOutlet, store: Store, issue: IssueId, clock: ManualClock
) -> None:
    for channel in (CHANNEL, ChannelId(3)):
        await announce(publisher, store, issue, issue_of("a"), channel=channel)
    await store.retract(issue, now=clock())
    deliveries = (await store.issue(issue)).announcements
    assert [(await publisher.withdraw(delivery)).deleted for delivery in deliveries] == [2, 2]
    assert (outlet.texts(CHANNEL), outlet.texts(ChannelId(3))) == ([], [])
    assert (await store.issue(issue)).state is State.RETRACTED
    assert [await publisher.withdraw(delivery) for delivery in deliveries] == [Outcome(), Outcome()]


async def test_files_are_read_when_they_are_sent_and_a_missing_one_is_an_error_of_the_issue(
    step: Bring, outlet: RecordingOutlet
) -> None:
    async def read(path: str) -> bytes:
        if path == "missing.png":
            raise SourceError("missing.png is not there")
        return path.encode()

    def post(path: str) -> Post:
        return Post(key=COVER, content="x", files=(File(name="p.png", path=path, blob=path),))

    assert str((await step([post("missing.png")], read_file=read)).error) == "missing.png is not there"
    await step([post("p.png")], read_file=read)
    (message,) = outlet.messages[CHANNEL].values()
    assert message.files == [Upload(name="p.png", content=b"p.png")]


async def test_progress_tells_each_operation_and_how_many_there_are(step: Bring) -> None:
    steps: list[Step] = []
    await step(issue_of("a", "b"), progress=steps.append)
    assert [(told.number, told.total) for told in steps] == [(1, 3), (2, 3), (3, 3), (4, 4)]


async def test_tasks_on_one_channel_take_turns(
    publisher: Publisher, store: Store, new_issues: NewIssues, outlet: RecordingOutlet
) -> None:
    issues = await new_issues(store, [f"{number}.md" for number in range(4)])
    async with asyncio.TaskGroup() as group:
        for issue in issues:
            group.create_task(announce(publisher, store, issue, [section("a", f"{issue}a"), section("b", f"{issue}b")]))
    assert sorted(outlet.texts(CHANNEL)) == outlet.texts(CHANNEL)


async def test_a_cancelled_pass_still_writes_down_what_was_sent(store: Store, issue: IssueId, clock: ManualClock) -> None:
    class Slow(RecordingOutlet):
        task: asyncio.Task[object] | None = None

        async def send(self, *args: object) -> MessageId:
            message = await super().send(*args)  # type: ignore[arg-type]
            assert self.task
            self.task.cancel()
            return message

    outlet = Slow(clock)
    publisher = Publisher(store, outlet, clock=clock)
    async with asyncio.TaskGroup() as group:
        outlet.task = group.create_task(announce(publisher, store, issue, issue_of("a")))
    assert outlet.task.cancelled()
    assert [message.key for message in await store.messages.held(issue)] == ["cover"]
    assert await store.outbox.unfinished() == []


async def test_a_section_that_is_renamed_but_reads_the_same_makes_no_request(
    step: Bring, outlet: RecordingOutlet, store: Store, issue: IssueId
) -> None:
    await step([section("a", "text")])
    outlet.requests.clear()
    await step([section("b", "text")])
    assert outlet.requests == []
    assert [message.key for message in await store.messages.held(issue)] == ["b"]


async def test_settling_beside_a_pass_waits_for_it_and_repeats_nothing(
    publisher: Publisher, store: Store, issue: IssueId, outlet: RecordingOutlet
) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(announce(publisher, store, issue, issue_of("a", "b")))
        for _ in range(20):
            group.create_task(publisher.settle())
    assert outlet.requests == ["send", "send", "send", "edit"]
    assert await store.outbox.unfinished() == []


async def test_settling_without_the_source_leaves_a_send_with_files_to_its_issue(
    publisher: Publisher, step: Bring, outlet: RecordingOutlet, store: Store
) -> None:
    async def read(path: str) -> bytes:
        return path.encode()

    posts = [Post(key=COVER, content="x", files=(File(name="p.png", path="p.png", blob="b"),))]
    outlet.kill_at = 0
    with pytest.raises(KilledError):
        await step(posts, read_file=read)
    outlet.kill_at = None
    assert await publisher.settle() == []
    assert len(await store.outbox.unfinished()) == 1
    assert (await step(posts, read_file=read)).sent == 1
    assert outlet.created == 1


async def test_what_cannot_be_settled_is_said_and_stays_unfinished(
    publisher: Publisher, step: Bring, outlet: RecordingOutlet, store: Store
) -> None:
    outlet.kill_at = 0
    with pytest.raises(KilledError):
        await step([section("a")])
    outlet.kill_at = None
    outlet.refuse = [OutletError("no answer", status=None, permanent=False)]
    assert [str(error) for error in await publisher.settle()] == ["no answer"]
    assert len(await store.outbox.unfinished()) == 1


async def test_a_nonce_of_a_message_that_was_deleted_meanwhile_is_given_up(step: Bring, outlet: RecordingOutlet) -> None:
    outlet.kill_at, outlet.kill_late = 0, True
    with pytest.raises(KilledError):
        await step([section("a")])
    outlet.kill_at = None
    outlet.messages[CHANNEL].clear()
    assert (await step([section("a")])).done
    assert outlet.texts(CHANNEL) == ["a"]
