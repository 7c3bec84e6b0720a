"""What Discord's limits, bans and refusals make of the bot's requests: nothing gets stuck, nothing is asked too early or too often."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import discord
import pytest

from discord_sandbox.clock import ManualClock
from discord_sandbox.faults import Headers, Raw, Respond, TooMany
from discord_sandbox.ratelimits import Quota
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild
from heartbeat_bot.discord.rest import DiscordOutlet, log_in
from heartbeat_bot.discord.wire import MOST_INVALID
from heartbeat_bot.errors import OutletError, RateLimitedError
from heartbeat_bot.ids import ChannelId
from heartbeat_bot.rendering.post import Upload
from heartbeat_bot.store.store import Store
from heartbeat_bot.store.waits import Waits

MESSAGES = "/channels/*/messages"
SEND_MESSAGES = 1 << 11
BODY = {"content": "hello"}
BAN = Raw(status=429, body=b"error code: 1015", content_type="text/plain", headers={"Via": None, "Retry-After": "600"})

BLOCKED = Raw(status=403, body=b"<html>error code: 1020</html>", content_type="text/html", headers={"Via": None})

Start = Callable[[], AbstractAsyncContextManager[DiscordOutlet]]


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    return sandbox.create_guild()


@pytest.fixture
def start(sandbox: Sandbox, store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Log in as a bot that was just started does."""
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)  # put back after the test

    @asynccontextmanager
    async def started() -> AsyncIterator[DiscordOutlet]:
        waits = await Waits.of(store.waits, clock)
        async with log_in(sandbox.token, api_url=sandbox.url, waits=waits, clock=clock) as outlet:
            sandbox.log.clear()
            yield outlet

    return started


@pytest.fixture
async def outlet(start: Start) -> AsyncIterator[DiscordOutlet]:
    async with start() as logged_in:
        yield logged_in


def said(sandbox: Sandbox) -> list[int | None]:
    """Return what was answered since the bot logged in."""
    return [exchange.status for exchange in sandbox.log]


# Limits on everything


async def test_a_global_limit_that_lasts_longer_than_a_call_locks_nothing(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId
) -> None:
    sandbox.faults.add("POST", MESSAGES, TooMany(retry_after=0.3, scope="global"))
    impatient = DiscordOutlet(outlet.client, outlet.waits, timeout=0.1)
    with pytest.raises(OutletError, match="did not answer in time"):
        await impatient.send(channel, BODY, (), "n1")
    async with asyncio.timeout(5):
        await outlet.send(channel, BODY, (), "n2")
    assert said(sandbox) == [429, 200]


async def test_nobody_asks_before_a_short_global_limit_is_over(sandbox: Sandbox, outlet: DiscordOutlet, news: Channel) -> None:
    channel = ChannelId(news.id)
    sandbox.faults.add("POST", MESSAGES, TooMany(retry_after=0.2, scope="global"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(outlet.send(channel, BODY, (), "n1"))
        while not sandbox.log:  # noqa: ASYNC110 - the sandbox tells of nothing
            await asyncio.sleep(0.01)
        tasks.create_task(outlet.history(channel))
    assert sorted(map(str, said(sandbox))) == ["200", "200", "429"]


@pytest.mark.parametrize("fault", [TooMany(retry_after=600, scope="global"), BAN, BLOCKED], ids=["global", "ban", "blocked"])
async def test_nothing_at_all_is_asked_before_a_long_wait_is_over_also_after_a_restart(
    sandbox: Sandbox, start: Start, channel: ChannelId, clock: ManualClock, fault: TooMany | Raw
) -> None:
    sandbox.faults.add("POST", MESSAGES, fault)
    async with start() as outlet:
        with pytest.raises(RateLimitedError):
            await outlet.send(channel, BODY, (), "n")
        clock.advance(590)
        for request in (outlet.send(channel, BODY, (), "n"), outlet.history(channel), outlet.describe(channel)):
            with pytest.raises(RateLimitedError) as caught:
                await request
            assert caught.value.retry_after == 10
        assert len(sandbox.log) == 1
    sandbox.log.clear()
    with pytest.raises(RateLimitedError):
        async with start():
            pass
    assert sandbox.log == []
    clock.advance(10)
    async with start() as outlet:
        await outlet.send(channel, BODY, (), "n")


async def test_the_bot_that_was_stuck_lets_go_and_says_so(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("heartbeat_bot.discord.wire.STUCK_SECONDS", 0.05)
    impatient = DiscordOutlet(outlet.client, outlet.waits, timeout=0.1)
    outlet.client.http._global_over.clear()  # noqa: SLF001 - what a cancelled wait of discord.py's left behind
    with caplog.at_level(logging.ERROR), pytest.raises(OutletError, match="did not answer in time"):
        await impatient.send(channel, BODY, (), "n")
    assert "none was made" in caplog.text
    await outlet.send(channel, BODY, (), "n")
    assert said(sandbox) == [200]


# Limits on a route


async def test_what_is_left_of_a_long_window_is_used(sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId) -> None:
    sandbox.limits.send = Quota(requests=4, seconds=3600)
    sandbox.limits.crosspost = Quota(requests=3, seconds=3600)
    sandbox.limits.crosspost_in_headers = True
    sent = [await outlet.send(channel, BODY, (), f"n{number}") for number in range(4)]
    for message in sent[:3]:
        await outlet.publish(channel, message)
    for request in (outlet.send(channel, BODY, (), "n5"), outlet.publish(channel, sent[3])):
        with pytest.raises(RateLimitedError) as caught:
            await request
        assert 3500 < caught.value.retry_after <= 3600
    assert said(sandbox) == [200] * 7


async def test_a_window_that_is_over_begins_anew(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId, clock: ManualClock
) -> None:
    sandbox.limits.send = Quota(requests=2, seconds=3600)
    for number in range(6):
        await outlet.send(channel, BODY, (), f"n{number}")
        clock.advance(3600 * (number % 2))
    assert said(sandbox) == [200] * 6


async def test_a_short_window_is_sat_out_and_many_at_once_are_not_refused(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.limits.other = Quota(requests=3, seconds=0.1)
    running = ManualClock()
    loop = asyncio.get_running_loop()
    begun = loop.time()
    monkeypatch.setattr(type(running), "__call__", lambda clock: clock.now + timedelta(seconds=loop.time() - begun))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(10):
            tasks.create_task(outlet.history(channel))
    assert said(sandbox) == [200] * 10


async def test_a_route_is_not_asked_before_its_wait_is_over_and_others_are(
    sandbox: Sandbox, start: Start, channel: ChannelId, clock: ManualClock
) -> None:
    sandbox.faults.add("POST", MESSAGES, TooMany(retry_after=1800, header=1))
    for left in (1800, 1790):
        async with start() as outlet:
            with pytest.raises(RateLimitedError) as caught:
                await outlet.send(channel, BODY, (), "n")
            assert caught.value.retry_after == left
            await outlet.history(channel)
            clock.advance(10)
    clock.advance(1780)
    async with start() as outlet:
        await outlet.send(channel, BODY, (), "n")
        assert said(sandbox) == [200]


async def test_a_clock_that_goes_back_makes_no_wait_longer(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId, clock: ManualClock
) -> None:
    sandbox.faults.add("POST", MESSAGES, TooMany(retry_after=1800))
    with pytest.raises(RateLimitedError):
        await outlet.send(channel, BODY, (), "n")
    clock.advance(-86400)
    await outlet.send(channel, BODY, (), "n")


# Answers that are not as documented

ODD = {
    "empty": Raw(status=429),
    "text": Raw(status=429, body=b"slow down", content_type="text/plain"),
    "null": Raw(status=429, body=b"null"),
    "list": Raw(status=429, body=b"[1]"),
    "no number": Raw(status=429, body=b'{"retry_after": null, "global": "no"}'),
    "not finite": Raw(status=429, body=b'{"retry_after": NaN}', headers={"Retry-After": "inf"}),
    "negative": Raw(status=429, body=b'{"retry_after": -5}', headers={"Retry-After": "-1"}),
    "a date": Raw(status=429, body=b"{}", headers={"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT"}),
    "no header": Raw(status=429, body=b"{}", headers={"Via": None}),
    "not text": Raw(status=429, body=b"\xff\xfe", content_type="application/json; charset=nonsense"),
}


@pytest.mark.parametrize("fault", ODD.values(), ids=ODD)
async def test_a_429_that_does_not_say_for_how_long_is_waited_for_ten_minutes(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId, clock: ManualClock, fault: Raw
) -> None:
    sandbox.faults.add("POST", MESSAGES, fault)
    with pytest.raises(RateLimitedError) as caught:
        await outlet.send(channel, BODY, (), "n")
    assert caught.value.retry_after == 600
    clock.advance(600)
    await outlet.send(channel, BODY, (), "n")


async def test_a_short_429_of_any_shape_is_sat_out(
    sandbox: Sandbox, outlet: DiscordOutlet, news: Channel, channel: ChannelId
) -> None:
    sandbox.faults.add("POST", MESSAGES, Raw(status=429, body=b'{"retry_after": "0.01"}'))
    sandbox.faults.add("POST", MESSAGES, Raw(status=429, body=b"null", headers={"Retry-After": "0.01"}), nth=2)
    await outlet.send(channel, BODY, [Upload(name="a.txt", content=b"whole")], "n")
    (message,) = news.messages.values()
    assert [attachment.content for attachment in message.attachments] == [b"whole"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-RateLimit-Remaining": "abc"},
        {"X-RateLimit-Limit": "", "X-RateLimit-Remaining": "1"},
        {"X-RateLimit-Reset-After": "soon"},
        {"X-RateLimit-Reset-After": "inf", "X-RateLimit-Remaining": "0"},
        {"X-RateLimit-Limit": "-1", "X-RateLimit-Remaining": "-1", "X-RateLimit-Reset-After": "-1"},
        {"X-RateLimit-Bucket": "", "X-RateLimit-Reset": "never"},
    ],
)
async def test_headers_that_make_no_sense_lose_nothing(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId, headers: dict[str, str]
) -> None:
    sandbox.faults.add("POST", MESSAGES, Headers(headers=headers), times=None)
    sent = {await outlet.send(channel, BODY, (), f"n{number}") for number in range(3)}
    assert len(sent) == 3


# Refusals


async def test_what_a_channel_refuses_is_left_alone_for_a_growing_while_and_the_error_says_until_when(
    sandbox: Sandbox, start: Start, news: Channel, guild: Guild, clock: ManualClock
) -> None:
    channel = ChannelId(news.id)
    sandbox.overwrite(news, sandbox.own_role(guild), deny=SEND_MESSAGES)
    refused: list[int | None] = []
    for _ in range(120):
        async with start() as outlet:
            for number in range(5):
                with pytest.raises(OutletError, match=r"lacks a permission .* Discord is asked again after 2026") as caught:
                    await outlet.send(channel, BODY, (), f"n{number}")
                assert (caught.value.permanent, caught.value.code) == (True, 50013)
            refused += said(sandbox)
        clock.advance(30)
    assert refused == [403] * 6  # at once, and after 1, 3, 7, 15 and 31 minutes
    sandbox.overwrite(news, sandbox.own_role(guild))
    async with start() as outlet:
        await outlet.waits.over_in([news.id])  # as the gateway tells of it
        await outlet.send(channel, BODY, (), "n")


async def test_one_thing_that_is_refused_keeps_no_other_from_being_done(
    sandbox: Sandbox, outlet: DiscordOutlet, news: Channel, guild: Guild
) -> None:
    channel = ChannelId(news.id)
    talk = sandbox.create_channel(guild, "talk")
    sandbox.overwrite(news, sandbox.own_role(guild), deny=SEND_MESSAGES)
    with pytest.raises(OutletError):
        await outlet.send(channel, BODY, (), "n1")
    await outlet.history(channel)
    await outlet.send(ChannelId(talk.id), BODY, (), "n2")


async def test_a_token_that_is_taken_no_more_is_not_tried_again_and_again(
    sandbox: Sandbox, outlet: DiscordOutlet, channel: ChannelId
) -> None:
    sandbox.faults.add("*", "/channels/**", Respond(status=401), times=None)
    for _ in range(3):
        with pytest.raises(OutletError, match="refused the bot's token"):
            await outlet.send(channel, BODY, (), "n")
        with pytest.raises(OutletError, match="refused the bot's token"):
            await outlet.history(channel)
    assert said(sandbox) == [401]


async def test_whatever_is_broken_fewer_than_sixty_requests_are_refused_in_an_hour(
    sandbox: Sandbox, outlet: DiscordOutlet, guild: Guild, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    channels = [ChannelId(sandbox.create_channel(guild, f"c{number}").id) for number in range(40)]
    sandbox.faults.add("*", "/channels/**", Respond(status=403, code=50001), times=None)
    for _ in range(60):
        for channel in channels:
            with pytest.raises(OutletError):
                await outlet.send(channel, BODY, (), "n")
        clock.advance(60)
    assert said(sandbox) == [403] * MOST_INVALID
    assert caplog.text.count("Nothing is asked for the next") == 1
