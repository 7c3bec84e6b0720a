"""Discord's outlet, and the publisher behind it, against the sandbox over real sockets."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import discord
import pytest
from delivering import announce

from discord_sandbox.clock import ManualClock
from discord_sandbox.faults import Close, Hold, Malformed, Respond, TooMany
from discord_sandbox.ratelimits import Quota
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, ChannelType, Guild
from heartbeat_bot.discord.rest import DiscordOutlet, log_in
from heartbeat_bot.errors import OutletError, RateLimitedError
from heartbeat_bot.ids import ChannelId, GuildId, IssueId, MessageId
from heartbeat_bot.rendering.post import COVER, Embed, EmbedImage, File, Jump, Post, PostKey, Upload
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.publisher import Publisher
from heartbeat_bot.sync.recovery import is_same

NewIssues = Callable[[Store, Sequence[str]], Awaitable[list[IssueId]]]
MESSAGES = "/channels/*/messages"
SEND_MESSAGES = 1 << 11
RICH = Post(
    key=PostKey("news"),
    content="Watch this: <https://example.org/film>",
    embeds=(
        Embed(
            title="News",
            url="https://example.org/1#news",
            description="**Bold** and [a link](https://example.org/)\n- one\n- two",
            image=EmbedImage(url="https://example.org/a.png", alt="A heart that beats"),
            author="Ann",
            footer="Issue 12",
        ),
        Embed(title="More", description="Text."),
    ),
)


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    return sandbox.create_guild("Testers")


@pytest.fixture
async def outlet(sandbox: Sandbox, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordOutlet]:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)  # put back after the test
    async with log_in(sandbox.token, api_url=sandbox.url, clock=clock) as logged_in:
        sandbox.log.clear()
        yield logged_in


async def test_a_body_arrives_exactly_as_it_is_with_its_nonce_enforced(
    sandbox: Sandbox, outlet: DiscordOutlet, news: Channel, channel: ChannelId
) -> None:
    message = await outlet.send(channel, RICH.body(), (), "nonce-1")
    (exchange,) = sandbox.log
    assert exchange.body == RICH.body() | {"nonce": "nonce-1", "enforce_nonce": True}
    (shown,) = sandbox.messages(news)
    assert int(shown["id"]) == message
    assert shown["embeds"][0]["image"]["description"] == "A heart that beats"


async def test_the_same_nonce_again_gives_the_same_message(
    sandbox: Sandbox, outlet: DiscordOutlet, news: Channel, channel: ChannelId
) -> None:
    first = await outlet.send(channel, RICH.body(), (), "nonce-1")
    assert await outlet.send(channel, RICH.body(), (), "nonce-1") == first
    assert len(sandbox.messages(news)) == 1


async def test_files_are_uploaded_and_dropped_by_an_edit_without_them(
    sandbox: Sandbox, outlet: DiscordOutlet, news: Channel, channel: ChannelId
) -> None:
    post = Post(
        key=COVER,
        embeds=(Embed(title="x", image=EmbedImage(url="attachment://p.png", alt="A picture")),),
        files=(File(name="p.png", path="img/p.png", blob="b", alt="A picture"),),
    )
    message = await outlet.send(channel, post.body(), [Upload(name="p.png", content=b"\x89PNG bytes")], "n")
    (seen,) = (await outlet.history(channel)).own
    assert is_same(post.body(), seen)
    await outlet.edit(channel, message, RICH.body(), ())
    (shown,) = sandbox.messages(news)
    assert (shown["content"], shown["attachments"]) == (RICH.content, [])


async def test_buttons_are_sent_read_back_and_taken_away_by_an_edit(
    sandbox: Sandbox, outlet: DiscordOutlet, news: Channel, channel: ChannelId
) -> None:
    row = {"type": 1, "components": [{"type": 2, "style": 3, "label": "Approve", "custom_id": "approve:7"}]}
    waits, decided = (replace(RICH, content=text, components=rows) for text, rows in (("May waits.", (row,)), ("May is out.", ())))
    message = await outlet.send(channel, waits.body(), (), "n")
    (seen,) = (await outlet.history(channel)).own
    assert (is_same(waits.body(), seen), is_same(replace(waits, components=None).body(), seen)) == (True, False)
    await outlet.edit(channel, message, decided.body(), ())
    (shown,) = sandbox.messages(news)
    assert (shown["content"], shown["components"]) == ("May is out.", [])
    assert is_same(decided.body(), (await outlet.history(channel)).own[0])


async def test_an_edit_denies_mentions_too(sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId) -> None:
    message = await outlet.send(channel, {"content": "hello", "allowed_mentions": {"parse": []}}, (), "n")
    await outlet.edit(channel, message, Post(key=COVER, content="@everyone").body(), ())
    assert sandbox.log[-1].body["allowed_mentions"] == {"parse": []}


async def test_deleting_what_is_gone_and_publishing_what_is_published_are_fine(outlet: DiscordOutlet, channel: ChannelId) -> None:
    message = await outlet.send(channel, RICH.body(), (), "n")
    await outlet.publish(channel, message)
    await outlet.publish(channel, message)
    await outlet.delete(channel, message)
    await outlet.delete(channel, message)


async def test_history_gives_the_bot_s_own_messages_of_many_pages_and_the_newest_of_all(
    sandbox: Sandbox, outlet: DiscordOutlet, news: Channel, guild: Guild, channel: ChannelId, clock: ManualClock
) -> None:
    ann = sandbox.create_user(guild, "ann")
    before = await outlet.send(channel, {"content": "before"}, (), "n1")
    clock.advance(60)
    for number in range(230):
        sandbox.post_as(ann, news, f"chatter {number}")
    clock.advance(1)
    mine = await outlet.send(channel, RICH.body(), (), "n2")
    clock.advance(600)
    await outlet.publish(channel, mine)
    latest = sandbox.post_as(ann, news, "after").id
    found = await outlet.history(channel, after=before)
    assert ([seen.message for seen in found.own], found.newest) == ([mine], latest)
    assert is_same(RICH.body(), found.own[0])
    assert found.own[0].published
    assert not is_same(Post(key=COVER, content=RICH.content).body(), found.own[0])
    assert [seen.message for seen in (await outlet.history(channel)).own] == [before, mine]


async def test_history_since_an_instant_reads_one_page_at_least_and_no_more_than_it_must(
    sandbox: Sandbox, outlet: DiscordOutlet, news: Channel, guild: Guild, channel: ChannelId, clock: ManualClock
) -> None:
    ann = sandbox.create_user(guild, "ann")
    for number in range(250):
        sandbox.post_as(ann, news, f"chatter {number}")
        clock.advance(1)
    mine = await outlet.send(channel, RICH.body(), (), "n")
    for since, pages in ((clock() + timedelta(days=1), 1), (clock() - timedelta(seconds=150), 2), (clock() - timedelta(days=1), 3)):
        sandbox.log.clear()
        assert [seen.message for seen in (await outlet.history(channel, since=since)).own] == [mine]
        assert len(sandbox.log) == pages


async def test_history_leaves_out_what_no_send_made(outlet: DiscordOutlet, news: Channel, channel: ChannelId) -> None:
    mine = await outlet.send(channel, RICH.body(), (), "n1")
    answer = await outlet.send(channel, RICH.body(), (), "n2")
    news.messages[answer].interaction = {"id": "1", "type": 2, "name": "latest"}
    assert [seen.message for seen in (await outlet.history(channel)).own] == [mine]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"content": "x" * 2001}, r"In content: .*2000 or fewer in length"),
        ({"embeds": [{"title": "x" * 257}]}, r"In embeds.0.title: .*256 or fewer in length"),
        ({}, r"empty message"),
    ],
)
async def test_a_body_that_is_refused_is_said_field_by_field(
    outlet: DiscordOutlet, channel: ChannelId, body: dict[str, Any], said: str
) -> None:
    with pytest.raises(OutletError, match=said) as caught:
        await outlet.send(channel, body, (), "n")
    assert caught.value.permanent


async def test_refusals_name_the_channel_and_say_what_to_do(
    sandbox: Sandbox, outlet: DiscordOutlet, news: Channel, guild: Guild, channel: ChannelId
) -> None:
    with pytest.raises(OutletError, match="channel 5: there is no such channel: check its id") as caught:
        await outlet.send(ChannelId(5), RICH.body(), (), "n")
    assert (caught.value.status, caught.value.code, caught.value.permanent) == (404, 10003, True)
    with pytest.raises(OutletError, match="the message is gone") as caught:
        await outlet.edit(channel, MessageId(7), RICH.body(), ())
    assert caught.value.code == 10008
    sandbox.overwrite(news, sandbox.own_role(guild), deny=SEND_MESSAGES)
    with pytest.raises(OutletError, match=f"channel {channel}: the bot lacks a permission there; it needs View Channel") as caught:
        await outlet.send(channel, RICH.body(), (), "n")
    assert caught.value.code == 50013


async def test_a_refused_token_is_said_without_the_token(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", sandbox.url)
    with pytest.raises(OutletError, match="refused the bot's token") as caught:
        async with log_in("wrong-token", api_url=sandbox.url):
            pass
    assert (caught.value.status, caught.value.permanent) == (401, True)
    assert "wrong-token" not in repr(caught.value)


async def test_a_long_wait_is_told_and_a_short_one_sat_out(sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId) -> None:
    sandbox.faults.add("POST", MESSAGES, TooMany(retry_after=0.01))
    await outlet.send(channel, RICH.body(), (), "n1")
    sandbox.faults.add("POST", MESSAGES, TooMany(retry_after=1163, header=1, scope="shared", code=20028))
    with pytest.raises(RateLimitedError, match="0:19:23") as caught:
        await outlet.send(channel, RICH.body(), (), "n2")
    assert caught.value.retry_after == 1163


async def test_of_two_waits_that_disagree_the_longer_is_told(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId, clock: ManualClock
) -> None:
    sandbox.faults.add("POST", MESSAGES, TooMany(retry_after=100, header=500))
    with pytest.raises(RateLimitedError) as caught:
        await outlet.send(channel, RICH.body(), (), "n")
    assert caught.value.retry_after == 500
    clock.advance(500)
    sandbox.faults.add("POST", MESSAGES, TooMany(retry_after=0.01, header=500.5), times=None)
    with pytest.raises(RateLimitedError) as caught:
        await outlet.send(channel, RICH.body(), (), "n")
    assert caught.value.retry_after == 500.5


@pytest.mark.parametrize("code", [20022, 20028, 30046])
async def test_a_limit_that_is_told_as_a_refusal_is_a_wait(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId, code: int
) -> None:
    message = await outlet.send(channel, RICH.body(), (), "n")
    sandbox.faults.add("PATCH", "/channels/*/messages/*", Respond(status=400, code=code))
    with pytest.raises(RateLimitedError) as caught:
        await outlet.edit(channel, message, RICH.body(), ())
    assert caught.value.retry_after == 600


@pytest.mark.parametrize("refusal", [Respond(status=403, code=50013), TooMany(retry_after=1163)])
async def test_a_refusal_after_a_fault_does_not_deny_what_may_have_been_done(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId, refusal: Respond | TooMany, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.http.asyncio, "sleep", _no_sleep)
    sandbox.faults.add("POST", MESSAGES, Respond(status=502, after_work=True))
    sandbox.faults.add("POST", MESSAGES, refusal, nth=2)
    with pytest.raises(OutletError, match="Before that it had a fault") as caught:
        await outlet.send(channel, RICH.body(), (), "n")
    assert (caught.value.permanent, caught.value.status) == (False, None)


@pytest.mark.parametrize("fault", [Close(after_work=True), Malformed(), Malformed(body=b"<html>", content_type="text/html")])
async def test_an_answer_that_gets_lost_is_no_refusal(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId, fault: Close | Malformed
) -> None:
    sandbox.faults.add("POST", MESSAGES, fault, times=None)
    with pytest.raises(OutletError) as caught:
        await outlet.send(channel, RICH.body(), (), "n")
    assert (caught.value.status, caught.value.permanent) == (None, False)


NONSENSE = [b"null", b"[]", b"{}", b'"news"', b"[null]", b"7"]


@pytest.mark.parametrize("body", NONSENSE)
@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_channel_whose_description_makes_no_sense_may_make_sense_later(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId, at: int, body: bytes
) -> None:
    sandbox.faults.add("GET", "**", Malformed(body=body), nth=at)
    with pytest.raises(OutletError) as caught:
        await outlet.describe(channel)
    assert not caught.value.permanent
    assert (await outlet.describe(channel)).name == "news"


@pytest.mark.parametrize("body", [body for body in NONSENSE if body != b"[]"])  # which is an empty channel
async def test_a_history_that_makes_no_sense_is_no_empty_channel(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId, body: bytes
) -> None:
    message = await outlet.send(channel, RICH.body(), (), "n")
    sandbox.faults.add("GET", MESSAGES, Malformed(body=body))
    with pytest.raises(OutletError) as caught:
        await outlet.history(channel)
    assert not caught.value.permanent
    assert (await outlet.history(channel)).newest == message


@pytest.mark.parametrize("body", [body for body in NONSENSE if body != b"[]"])
async def test_events_of_a_server_that_make_no_sense_are_not_none(
    sandbox: Sandbox, outlet: DiscordOutlet, guild: Guild, body: bytes
) -> None:
    sandbox.faults.add("GET", "/guilds/*/scheduled-events", Malformed(body=body))
    with pytest.raises(OutletError) as caught:
        await outlet.server_events(GuildId(guild.id))
    assert not caught.value.permanent
    assert await outlet.server_events(GuildId(guild.id)) == []


@pytest.mark.parametrize("body", NONSENSE)
async def test_a_login_that_is_answered_with_nonsense_may_be_tried_again(
    sandbox: Sandbox, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)  # put back after the test
    sandbox.faults.add("GET", "/users/@me", Malformed(body=body))
    with pytest.raises(OutletError) as caught:
        async with log_in(sandbox.token, api_url=sandbox.url, clock=clock):
            pass
    assert not caught.value.permanent


async def test_a_call_that_takes_too_long_is_given_up(sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId) -> None:
    hold = Hold()
    sandbox.faults.add("POST", MESSAGES, hold)
    impatient = DiscordOutlet(outlet.client, outlet.waits, timeout=0.1)
    with pytest.raises(OutletError, match="did not answer in time"):
        await impatient.send(channel, RICH.body(), (), "n")
    hold.released.set()


async def test_a_channel_is_described_with_what_the_bot_lacks(
    sandbox: Sandbox, outlet: DiscordOutlet, news: Channel, guild: Guild, channel: ChannelId
) -> None:
    facts = await outlet.describe(channel)
    assert (facts.guild, facts.name, facts.announcement, facts.missing) == (guild.id, "news", True, ())
    sandbox.overwrite(news, sandbox.own_role(guild), deny=SEND_MESSAGES)
    assert "Send Messages" in (await outlet.describe(channel)).missing
    forum = sandbox.create_channel(guild, "forum", ChannelType.FORUM)
    with pytest.raises(OutletError, match="takes no plain messages"):
        await outlet.describe(ChannelId(forum.id))


# The publisher behind it


@pytest.fixture
async def bring(
    store: Store, outlet: DiscordOutlet, clock: ManualClock, new_issues: NewIssues, guild: Guild, channel: ChannelId
) -> Callable[..., Awaitable[Any]]:
    (issue,) = await new_issues(store, ["a.md"])

    async def bring(posts: Sequence[Post], *, publish: bool = False) -> Any:
        publisher = Publisher(store, outlet, clock=clock)
        return await announce(publisher, store, issue, posts, guild=GuildId(guild.id), channel=channel, publish=publish)

    return bring


POSTS = (
    Post(key=COVER, embeds=(Embed(title="Issue"),), jumps=(Jump(label="News", to=PostKey("news")),)),
    RICH,
)


async def test_an_issue_is_posted_linked_and_published_and_then_left_alone(
    sandbox: Sandbox, bring: Callable[..., Awaitable[Any]], news: Channel
) -> None:
    outcome = await bring(POSTS, publish=True)
    assert (outcome.sent, outcome.edited, outcome.published, outcome.error) == (2, 1, 2, None)
    cover, section = sandbox.messages(news)
    assert f"[News](https://discord.com/channels/{news.guild_id}/{news.id}/{section['id']})" in json.dumps(cover["embeds"])
    assert cover["flags"] & section["flags"] & 1
    sandbox.log.clear()
    assert (await bring(POSTS, publish=True)).requests == 0
    assert sandbox.log == []


@pytest.mark.parametrize("pause", [1, 400])
@pytest.mark.parametrize("fault", [Close(after_work=True), Respond(status=500, after_work=True), Close(), Respond(status=502)])
async def test_a_send_whose_answer_is_lost_is_made_good_once(
    sandbox: Sandbox,
    bring: Callable[..., Awaitable[Any]],
    news: Channel,
    clock: ManualClock,
    fault: Close | Respond,
    pause: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discord.http.asyncio, "sleep", _no_sleep)  # discord.py waits seconds before it repeats
    sandbox.faults.add("POST", MESSAGES, fault, times=None)
    outcome = await bring(POSTS)
    assert (outcome.sent, outcome.error.permanent) == (0, False)
    sandbox.faults.clear()
    clock.advance(pause)
    assert (await bring(POSTS)).done
    assert [shown["content"] for shown in sandbox.messages(news)] == ["", RICH.content]


async def _no_sleep(_: float) -> None:
    return


async def test_crossposts_beyond_ten_an_hour_wait_and_are_not_lost(
    sandbox: Sandbox, bring: Callable[..., Awaitable[Any]], news: Channel, clock: ManualClock
) -> None:
    posts = [Post(key=PostKey(str(number)), content=f"post {number}") for number in range(12)]
    outcome = await bring(posts, publish=True)
    assert (outcome.published, outcome.waits_until) == (10, clock() + timedelta(hours=1))
    clock.advance(3601)
    assert (await bring(posts, publish=True)).published == 2
    assert all(shown["flags"] & 1 for shown in sandbox.messages(news))
    assert 429 not in {exchange.status for exchange in sandbox.log}


async def test_a_limit_on_publishing_that_stands_in_headers_is_used_up_and_then_waited_for(
    sandbox: Sandbox, bring: Callable[..., Awaitable[Any]], news: Channel, clock: ManualClock
) -> None:
    sandbox.limits.crosspost, sandbox.limits.crosspost_in_headers = Quota(requests=3, seconds=3600), True
    posts = [Post(key=PostKey(str(number)), content=f"post {number}") for number in range(7)]
    for published in (3, 3, 1):
        outcome = await bring(posts, publish=True)
        assert outcome.published == published
        clock.advance(3601)
    assert outcome.done
    assert all(shown["flags"] & 1 for shown in sandbox.messages(news))
    assert 429 not in {exchange.status for exchange in sandbox.log}
