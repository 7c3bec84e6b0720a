"""Scheduled events at places outside Discord."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sandbox_clients import Answer, Api, Running, discord

from discord_sandbox.clock import ManualClock
from discord_sandbox.permissions import Permission
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Guild, User

GOOD: dict[str, Any] = {
    "name": "Call",
    "description": "d",
    "privacy_level": 2,
    "scheduled_start_time": "2026-09-01T12:00:00Z",
    "scheduled_end_time": "2026-09-01T13:00:00+00:00",
    "entity_type": 3,
    "entity_metadata": {"location": "https://example.org/"},
}
WEEKLY: dict[str, Any] = {"start": "2026-09-01T12:00:00Z", "frequency": 2, "interval": 1, "by_weekday": [1]}
IMAGE = "data:image/png;base64,AAAA"


@pytest.fixture(autouse=True)
def may_create(sandbox: Sandbox, guild: Guild) -> None:
    sandbox.own_role(guild).permissions |= Permission.CREATE_EVENTS


async def create(api: Api, guild: Guild, **fields: Any) -> Answer:
    return await api.call("POST", f"/guilds/{guild.id}/scheduled-events", GOOD | fields)


async def edit(api: Api, guild: Guild, number: str, **fields: Any) -> Answer:
    return await api.call("PATCH", f"/guilds/{guild.id}/scheduled-events/{number}", fields)


async def names(api: Api, guild: Guild) -> list[str]:
    return [event["name"] for event in (await api.call("GET", f"/guilds/{guild.id}/scheduled-events")).body]


async def test_discord_py_schedules_changes_starts_and_cancels_events_and_hears_of_it(
    running: Running, sandbox: Sandbox, client: discord.Client, guild: Guild, clock: ManualClock
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def on_scheduled_event_create(event: discord.ScheduledEvent) -> None:
        heard.put_nowait(f"created {event.name}")

    async def on_scheduled_event_update(_: discord.ScheduledEvent, event: discord.ScheduledEvent) -> None:
        heard.put_nowait(f"{event.status.name} {event.name}")

    async def on_scheduled_event_delete(event: discord.ScheduledEvent) -> None:
        heard.put_nowait(f"deleted {event.name}")

    for listener in (on_scheduled_event_create, on_scheduled_event_update, on_scheduled_event_delete):
        client.event(listener)
    start = clock() + timedelta(days=1)
    async with running(client):
        seen = client.get_guild(guild.id)
        assert seen is not None
        event = await seen.create_scheduled_event(
            name="Call",
            description="d",
            start_time=start,
            end_time=start + timedelta(hours=1),
            entity_type=discord.EntityType.external,
            privacy_level=discord.PrivacyLevel.guild_only,
            location="https://example.org/",
            reason="the newsletter says so",
        )
        kept = guild.scheduled_events[event.id]
        assert (kept.name, kept.location, kept.start, kept.creator) == ("Call", "https://example.org/", start, sandbox.world.bot)
        assert [found.id for found in await seen.fetch_scheduled_events()] == [event.id]
        await event.edit(name="Big call", location="there", start_time=start + timedelta(minutes=5))
        assert (guild.scheduled_events[event.id].name, guild.scheduled_events[event.id].location) == ("Big call", "there")
        fetched = await seen.fetch_scheduled_event(event.id)
        await fetched.start()
        await (await seen.fetch_scheduled_event(event.id)).end()
        await (await seen.fetch_scheduled_event(event.id)).delete()
        assert guild.scheduled_events == {}
        told = [await heard.get() for _ in range(5)]
    assert told == ["created Call", "scheduled Big call", "active Big call", "completed Big call", "deleted Big call"]
    reason = next(exchange.headers["X-Audit-Log-Reason"] for exchange in sandbox.log if exchange.method == "POST")
    assert reason == "the newsletter says so"


async def test_events_are_in_the_guild_when_a_client_connects(
    running: Running, api: Api, client: discord.Client, guild: Guild
) -> None:
    await create(api, guild)
    async with running(client):
        seen = client.get_guild(guild.id)
        assert seen is not None
        assert [event.name for event in seen.scheduled_events] == ["Call"]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"name": ""}, ("name",)),
        ({"name": None}, ("name",)),
        ({"name": "n" * 101}, ("name",)),
        ({"description": "d" * 1001}, ("description",)),
        ({"privacy_level": 1}, ("privacy_level",)),
        ({"privacy_level": None}, ("privacy_level",)),
        ({"entity_type": None}, ("entity_type",)),
        ({"entity_type": 2}, ("entity_type",)),
        ({"channel_id": "7"}, ("channel_id",)),
        ({"entity_metadata": None}, ("entity_metadata", "location")),
        ({"entity_metadata": {"location": ""}}, ("entity_metadata", "location")),
        ({"entity_metadata": {"location": "l" * 101}}, ("entity_metadata", "location")),
        ({"scheduled_start_time": None}, ("scheduled_start_time",)),
        ({"scheduled_start_time": "soon"}, ("scheduled_start_time",)),
        ({"scheduled_start_time": "2026-08-01T12:00:00Z"}, ("scheduled_start_time",)),
        ({"scheduled_end_time": None}, ("scheduled_end_time",)),
        ({"scheduled_end_time": "2026-09-01T12:00:00Z"}, ("scheduled_end_time",)),
        ({"image": "https://example.org/i.png"}, ("image",)),
        ({"image": "data:image/webp;base64,AAAA"}, ("image",)),
        ({"recurrence_rule": WEEKLY | {"frequency": 4}}, ("recurrence_rule", "frequency")),
        ({"recurrence_rule": WEEKLY | {"interval": None}}, ("recurrence_rule", "interval")),
        ({"recurrence_rule": WEEKLY | {"interval": 3}}, ("recurrence_rule", "interval")),
        ({"recurrence_rule": WEEKLY | {"by_weekday": [1, 2]}}, ("recurrence_rule", "by_weekday")),
        ({"recurrence_rule": WEEKLY | {"frequency": 3, "by_weekday": [1, 3]}}, ("recurrence_rule", "by_weekday")),
        ({"recurrence_rule": WEEKLY | {"frequency": 1}}, ("recurrence_rule", "by_n_weekday")),
        ({"recurrence_rule": WEEKLY | {"frequency": 0, "by_month": [1]}}, ("recurrence_rule", "by_month_day")),
        ({"recurrence_rule": WEEKLY | {"count": 3}}, ("recurrence_rule", "count")),
    ],
)
async def test_an_event_keeps_its_limits(api: Api, guild: Guild, fields: Any, place: tuple[str, ...]) -> None:
    assert (await create(api, guild, **fields)).errors_at(*place)
    assert guild.scheduled_events == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "n" * 100, "description": "d" * 1000, "entity_metadata": {"location": "l" * 100}, "channel_id": None},
        {"description": None, "image": IMAGE},
        {"scheduled_start_time": "2026-08-01T12:00:01Z"},
        {"recurrence_rule": WEEKLY | {"interval": 2}},
        {"recurrence_rule": WEEKLY | {"frequency": 3, "by_weekday": [0, 6]}},
        {"recurrence_rule": {"start": "2026-09-01T12:00:00Z", "frequency": 1, "interval": 1, "by_n_weekday": [{"n": 1, "day": 1}]}},
        {"recurrence_rule": {"start": "2026-09-01T12:00:00Z", "frequency": 0, "interval": 1, "by_month": [9], "by_month_day": [1]}},
    ],
)
async def test_an_event_may_go_to_its_limits(api: Api, guild: Guild, fields: Any) -> None:
    answer = await create(api, guild, **fields)
    assert (answer.status, answer.body.get("errors")) == (200, None)


async def test_a_guild_has_a_hundred_events_that_are_to_come(api: Api, guild: Guild, clock: ManualClock) -> None:
    first = await create(api, guild, scheduled_end_time="2026-09-01T12:00:01Z")
    for _ in range(99):
        await create(api, guild)
    assert (await create(api, guild)).code == 30038
    await edit(api, guild, first.body["id"], status=4)
    assert (await create(api, guild)).status == 200
    assert (await create(api, guild)).code == 30038
    clock.advance(60 * 86400)
    assert await names(api, guild) == []


async def test_an_event_starts_and_ends_by_itself_and_is_then_out_of_reach(api: Api, guild: Guild, clock: ManualClock) -> None:
    number = (await create(api, guild)).body["id"]
    path = f"/guilds/{guild.id}/scheduled-events/{number}"
    clock.now = guild.scheduled_events[int(number)].start
    assert (await api.call("GET", path)).body["status"] == 2
    assert (await edit(api, guild, number, status=4)).errors_at("status")
    assert (await edit(api, guild, number, description="later", scheduled_start_time=GOOD["scheduled_start_time"])).status == 200
    clock.advance(3600)
    assert (await api.call("GET", path)).body["status"] == 3
    assert (await edit(api, guild, number, name="x")).code == 180000
    assert await names(api, guild) == []
    assert (await api.call("DELETE", path)).status == 204
    assert (await api.call("GET", path)).code == 10070


@pytest.mark.parametrize(
    ("steps", "refused"),
    [((), 3), ((2,), 1), ((2,), 4)],
    ids=["scheduled to completed", "active to scheduled", "active to canceled"],
)
async def test_a_status_moves_only_forward(api: Api, guild: Guild, steps: tuple[int, ...], refused: int) -> None:
    number = (await create(api, guild)).body["id"]
    for status in steps:
        assert (await edit(api, guild, number, status=status)).body["status"] == status
    assert (await edit(api, guild, number, status=refused)).errors_at("status")


async def test_a_canceled_event_is_final(api: Api, guild: Guild) -> None:
    number = (await create(api, guild)).body["id"]
    assert (await edit(api, guild, number, status=4)).body["status"] == 4
    assert (await edit(api, guild, number, status=1)).code == 180000
    assert (await edit(api, guild, "7", status=1)).code == 10070


async def test_an_edit_keeps_what_it_leaves_out_and_the_limits(api: Api, guild: Guild) -> None:
    made = (await create(api, guild, image=IMAGE)).body
    changed = (await edit(api, guild, made["id"], name="Other")).body
    assert changed == made | {"name": "Other"}
    assert len(made["image"]) == 32
    assert (await edit(api, guild, made["id"], image=None, description=None)).body["image"] is None
    for fields in (
        {"name": None},
        {"name": "n" * 101},
        {"scheduled_end_time": None},
        {"scheduled_end_time": GOOD["scheduled_start_time"]},
        {"scheduled_start_time": "2026-07-01T12:00:00Z"},
    ):
        assert (await edit(api, guild, made["id"], **fields)).errors_at(next(iter(fields)))
    assert (await edit(api, guild, made["id"], entity_metadata={})).errors_at("entity_metadata", "location")


async def test_creating_takes_create_events_and_changing_anothers_takes_manage_events(
    api: Api, sandbox: Sandbox, guild: Guild, ann: User
) -> None:
    role = sandbox.own_role(guild)
    own, other = [(await create(api, guild)).body["id"] for _ in range(2)]
    guild.scheduled_events[int(other)].creator = ann
    assert (await edit(api, guild, other, name="x")).code == 50013
    assert (await api.call("DELETE", f"/guilds/{guild.id}/scheduled-events/{other}")).code == 50013
    assert (await edit(api, guild, own, name="x")).status == 200
    role.permissions = role.permissions & ~Permission.CREATE_EVENTS | Permission.MANAGE_EVENTS
    assert (await create(api, guild)).code == 50013
    assert [(await edit(api, guild, number, name="x")).status for number in (own, other)] == [200, 200]
    role.permissions &= ~Permission.MANAGE_EVENTS
    assert (await edit(api, guild, own, name="x")).code == 50013


async def test_the_interested_are_counted_when_asked(api: Api, guild: Guild) -> None:
    await create(api, guild)
    path = f"/guilds/{guild.id}/scheduled-events"
    assert "user_count" not in (await api.call("GET", path)).body[0]
    assert (await api.call("GET", path, params={"with_user_count": "true"})).body[0]["user_count"] == 0
