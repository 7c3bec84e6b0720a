"""/server-event: an event that an issue tells of becomes one of the server, once, and moderators hear when it is told otherwise."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from town import APRIL, JULY, Town, components

from discord_sandbox.faults import Close, Malformed, Respond
from discord_sandbox.interactions import Interaction, NotOfferedError
from discord_sandbox.permissions import Permission
from discord_sandbox.world import EventStatus, Message, ScheduledEvent
from heartbeat_bot.ids import GuildId

MANY = "/guilds/*/scheduled-events"
ONE = f"{MANY}/*"
HOSTILE = ["@everyone", "<@&1> **x**", '"; DROP TABLE server_events; --', "x" * 6000, "999999999999999999999", "\x00", "|\\|", " "]
TIMED = """---
title: August's Wind
date: 2026-08-01
events:
  - {title: Night of the sails, start: "2026-08-20T19:30:00+02:00", end: "2026-08-20T23:00:00+02:00", location: Lisbon}
  - {title: Millers' call, date: 2026-08-21, time: "18:00", timezone: Europe/Lisbon, online: true, url: "https://example.org/call"}
  - {title: Open mill, start: 2026-08-01, location: Évora}
  - {title: Morning of the mill, start: "2026-08-01T08:00:00+00:00", location: Évora}
  - {title: "@everyone **come** <@&1> [now](https://example.org)", start: 2026-08-25, location: Old mill}
---

Come.
"""


@pytest.fixture
def town(town: Town) -> Town:
    """A town that lets the bot make events."""
    town.sandbox.own_role(town.guild).permissions |= Permission.CREATE_EVENTS
    town.write("august", TIMED)
    return town


@pytest.fixture
async def told(mill: Town) -> Town:
    """A mill whose server has the harvest for an event."""
    assert "is an event of the server now" in await make(mill, "Harvest")
    mill.sandbox.log.clear()
    return mill


async def make(town: Town, event: str, **more: Any) -> str:
    return town.shown(await by_mo(town, event, **more))


async def by_mo(town: Town, event: str, **more: Any) -> Interaction:
    return await town.call("server-event", event=event, **{"by": town.mo, "channel": town.office, **more})


def events(town: Town) -> list[ScheduledEvent]:
    return list(town.guild.scheduled_events.values())


def asked(town: Town, *methods: str) -> list[str]:
    return [one.method for one in town.sandbox.log if "scheduled-events" in one.path and one.method in (methods or {one.method})]


def news(town: Town) -> list[Message]:
    """Return what moderators were told of changes."""
    return [message for message in town.office.messages.values() if message.content.startswith("📅")]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# -- making ---------------------------------------------------------------------------------------------------------------


async def test_an_event_of_an_issue_becomes_one_of_the_server(mill: Town) -> None:
    answer = await by_mo(mill, "Harvest")
    (event,) = events(mill)
    assert (event.name, event.location, event.creator) == ("Harvest", "Évora", mill.sandbox.world.bot)
    assert (event.start, event.end) == (at("2026-09-09T09:00"), at("2026-09-09T18:00"))
    assert event.description == "https://example.org/harvest\nFrom: July's Heat\nhttps://example.org/issues/july"
    assert f"https://discord.com/events/{mill.guild.id}/{event.id}" in mill.shown(answer)
    assert mill.is_private(answer)
    (told,) = [message.content for message in mill.office.messages.values() if not message.only_for]
    assert ") used `/server-event` **mill** Harvest: made" in told
    (action,) = await mill.opened.store.actions.latest(5)
    assert (action.verb, action.newsletter, action.detail, action.who) == ("server-event", "mill", "Harvest", mill.mo.id)
    assert str(event.id) in str(action.outcome)


async def test_times_are_those_that_the_issue_tells_of(mill: Town) -> None:
    for title in ("Pond party", "Night of the sails", "Millers' call", "Sail makers"):
        await make(mill, title)
    assert [(event.location, event.start, event.end) for event in events(mill)] == [
        ("Lisbon", at("2026-08-03T09:00"), at("2026-08-05T18:00")),
        ("Lisbon", at("2026-08-20T17:30"), at("2026-08-20T21:00")),
        ("https://example.org/call", at("2026-08-21T17:00"), at("2026-08-21T19:00")),
        ("https://example.org/talk", at("2026-08-12T09:00"), at("2026-08-12T18:00")),
    ]


async def test_an_event_that_goes_on_begins_in_a_moment_and_one_that_is_over_is_refused(mill: Town) -> None:
    await make(mill, "Open mill")
    (event,) = events(mill)
    assert (event.start, event.end) == (mill.clock() + timedelta(minutes=2), at("2026-08-01T18:00"))
    for title in ("Kite day", "Morning of the mill"):
        assert "is over" in await make(mill, title)
    mill.clock.advance(3600)
    assert "already" in await make(mill, "Open mill")
    mill.clock.advance(6 * 3600)
    assert "is over" in await make(mill, "Open mill")
    assert len(events(mill)) == 1


async def test_what_nobody_tells_of_is_not_made(mill: Town) -> None:
    assert "No issue tells of an event “Ball”" in await make(mill, "Ball")
    assert events(mill) == []


async def test_words_that_fit_several_events_make_none_of_them(mill: Town) -> None:
    mill.write("april", APRIL.replace("[Sail makers' talk]", "[Pond party at night]").replace("August 12", "August 30"))
    await mill.sync()
    assert "Several events fit “pond”" in (said := await make(mill, "pond"))
    assert "Pond party · Mon 3 Aug 2026; Pond party at night · Sun 30 Aug 2026" in said
    assert events(mill) == []
    await make(mill, "pond PARTY")
    assert [event.name for event in events(mill)] == ["Pond party"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_words_find_nothing_and_are_said_back_as_words(mill: Town, text: str) -> None:
    said = await make(mill, text)
    assert "everyone" in text or "No issue tells of" in said
    assert [event for event in events(mill) if "everyone" not in event.name] == []


async def test_a_hostile_title_is_a_title(mill: Town) -> None:
    answer = await by_mo(mill, "come")
    (event,) = events(mill)
    assert (event.name, event.location) == ("@everyone **come** <@&1> [now](https://example.org)", "Old mill")
    assert "\\*\\*come\\*\\*" in mill.shown(answer)
    assert all((message.mention_everyone, message.mention_roles) == (False, []) for message in mill.office.messages.values())


async def test_an_answer_speaks_the_language_of_who_asks(mill: Town) -> None:
    udo = mill.sandbox.create_user(mill.guild, "udo", roles=[mill.moderators], locale="de")
    assert "ein Event des Servers" in await make(mill, "Harvest", by=udo)
    assert "schon" in await make(mill, "Harvest", by=udo)


# -- who may, where -------------------------------------------------------------------------------------------------------


async def test_only_moderators_may(mill: Town) -> None:
    with pytest.raises(NotOfferedError):
        await make(mill, "Harvest", by=mill.ann, channel=mill.talk)
    tidy = mill.sandbox.create_role(mill.guild, "tidy", permissions=int(Permission.MANAGE_MESSAGES))
    tim = mill.sandbox.create_user(mill.guild, "tim", roles=[tidy])
    assert "This is for moderators" in await make(mill, "Harvest", by=tim, channel=mill.talk)
    assert await mill.choices("server-event", "event", "", by=tim) == []
    assert events(mill) == []


async def test_a_server_that_no_newsletter_goes_to_has_no_say(mill: Town) -> None:
    other = mill.sandbox.create_guild("Elsewhere")
    chat = mill.sandbox.create_channel(other, "chat")
    boss = mill.sandbox.create_user(
        other, "boss", roles=[mill.sandbox.create_role(other, "boss", permissions=int(Permission.ADMINISTRATOR))]
    )
    assert "This is for moderators" in await make(mill, "Harvest", by=boss, channel=chat)
    assert not other.scheduled_events


async def test_a_bot_that_may_not_make_events_says_what_to_do(mill: Town) -> None:
    own = mill.sandbox.own_role(mill.guild)
    mill.sandbox.set_permissions(mill.guild, own, own.permissions & ~Permission.CREATE_EVENTS)
    assert "give the bot's role the permission Create Events" in await make(mill, "Harvest")
    assert "lacks the permission Create Events" in str((await mill.opened.store.actions.latest(1))[0].outcome)
    mill.sandbox.set_permissions(mill.guild, own, own.permissions | Permission.CREATE_EVENTS)
    async with asyncio.timeout(10):
        while not events(mill):  # the gateway tells of it in a moment
            await make(mill, "Harvest")
    assert len(events(mill)) == 1


async def test_a_server_that_is_full_says_so(mill: Town) -> None:
    for number in range(100):
        foreign(mill, f"Event {number}")
    assert "100 events" in await make(mill, "Harvest")
    mill.guild.scheduled_events.popitem()
    assert "is an event of the server now" in await make(mill, "Harvest")


def foreign(town: Town, name: str, **more: Any) -> ScheduledEvent:
    now = town.clock()
    known = {"creator": town.mo, "location": "Here", "start": now + timedelta(days=1), "end": now + timedelta(days=2), **more}
    event = ScheduledEvent(id=town.sandbox.world.new_id(), guild_id=town.guild.id, name=name, **known)
    town.guild.scheduled_events[event.id] = event
    return event


# -- once -----------------------------------------------------------------------------------------------------------------


async def test_asked_again_nothing_is_changed_that_is_right(told: Town) -> None:
    assert "already" in await make(told, "Harvest")
    assert asked(told, "POST", "PATCH") == []
    assert len(await told.opened.store.actions.latest(5)) == 1


async def test_asked_again_the_event_is_brought_in_step(told: Town) -> None:
    (event,) = events(told)
    event.location, event.name = "Porto", "Harvest!"
    assert "is as the issue tells again" in await make(told, "Harvest")
    (after,) = events(told)
    assert (after.id, after.name, after.location) == (event.id, "Harvest", "Évora")
    (change,) = [one.body for one in told.sandbox.log if one.method == "PATCH" and "scheduled-events" in one.path]
    assert change == {"name": "Harvest", "entity_metadata": {"location": "Évora"}}


async def test_two_calls_at_once_make_one_event(mill: Town) -> None:
    async with asyncio.TaskGroup() as tasks:
        calls = [tasks.create_task(make(mill, "Harvest")) for _ in range(2)]
    assert sorted("already" in call.result() for call in calls) == [False, True]
    assert len(events(mill)) == 1


async def test_an_event_that_a_person_deleted_or_cancelled_is_made_anew_when_asked_for(told: Town) -> None:
    (first,) = events(told)
    del told.guild.scheduled_events[first.id]
    await told.sync()
    assert events(told) == []
    assert "is an event of the server now" in await make(told, "Harvest")
    (second,) = events(told)
    second.status = EventStatus.CANCELED
    assert "is an event of the server now" in await make(told, "Harvest")
    assert [event.status for event in events(told)] == [EventStatus.CANCELED, EventStatus.SCHEDULED]
    assert news(told) == []


async def test_an_event_that_is_deleted_while_it_is_changed_is_made_anew(told: Town) -> None:
    (event,) = events(told)
    event.location = "Porto"
    told.sandbox.faults.add("PATCH", ONE, Respond(status=404, code=10070, message="Unknown Guild Scheduled Event"))
    assert "is an event of the server now" in await make(told, "Harvest")
    assert [one.location for one in events(told)] == ["Porto", "Évora"]


CUT = [
    ("before it was made", Close()),
    ("after it was made", Close(after_work=True)),
    ("by a fault that made it", Respond(status=500, after_work=True)),
    ("by a fault that did not", Respond(status=503)),
    ("by an answer cut short", Malformed()),
]


@pytest.mark.parametrize("fault", [fault for _, fault in CUT], ids=[name for name, _ in CUT])
async def test_what_was_cut_off_is_looked_for_before_it_is_made_again(mill: Town, fault: Any) -> None:
    mill.sandbox.faults.add("POST", MANY, fault)
    assert "did not say what came of it" in await make(mill, "Harvest")
    assert asked(mill, "POST") == ["POST"]
    assert "is an event of the server now" in (said := await make(mill, "Harvest")) or "already" in said
    assert len(events(mill)) == 1
    assert "already" in await make(mill, "Harvest")
    assert len(events(mill)) == 1


async def test_a_bot_that_was_killed_before_it_wrote_the_number_down_finds_it_after_a_restart(town: Town) -> None:
    async with town.running():
        town.sandbox.faults.add("POST", MANY, Close(after_work=True))
        await make(town, "Harvest")
    async with town.running():
        (event,) = events(town)
        (row,) = await town.opened.store.server_events.of_guild(GuildId(town.guild.id))
        assert row.scheduled_event == event.id
        assert "already" in await make(town, "Harvest")
    assert len(events(town)) == 1


async def test_a_bot_that_was_killed_before_it_asked_makes_the_event_when_asked_again(town: Town) -> None:
    async with town.running():
        town.sandbox.faults.add("POST", MANY, Close())
        await make(town, "Harvest")
    async with town.running():
        assert await town.opened.store.server_events.of_guild(GuildId(town.guild.id)) == []
        assert "is an event of the server now" in await make(town, "Harvest")
    assert len(events(town)) == 1


async def test_an_event_whose_ledger_was_lost_is_found_again(town: Town) -> None:
    async with town.running():
        await make(town, "Harvest")
    for file in town.state.parent.glob("heartbeat*.db*"):
        file.unlink()
    async with town.running():
        assert "already" in await make(town, "Harvest")
    assert len(events(town)) == 1


async def test_another_ones_event_of_the_same_name_is_left_alone(mill: Town) -> None:
    theirs = foreign(mill, "Harvest", location="Évora", start=at("2026-09-09T09:00"), end=at("2026-09-09T18:00"))
    await make(mill, "Harvest")
    assert len(events(mill)) == 2
    assert mill.guild.scheduled_events[theirs.id].description is None


async def test_an_event_found_again_that_is_told_otherwise_now_is_told_of(town: Town) -> None:
    async with town.running():
        town.sandbox.faults.add("POST", MANY, Close(after_work=True))
        await make(town, "Harvest")
    town.write("july", JULY.replace("Évora", "Porto"))
    async with town.running():
        (message,) = news(town)
        assert "it is at Porto" in message.content


# -- told otherwise -------------------------------------------------------------------------------------------------------


async def test_without_a_change_a_look_asks_discord_nothing(told: Town) -> None:
    await told.sync()
    assert asked(told) == []
    assert news(told) == []


async def test_moderators_hear_once_of_each_change_and_a_button_brings_the_event_in_step(told: Town) -> None:
    told.write("july", JULY.replace("Évora", "Porto"))
    for _ in range(3):
        await told.sync()
    (message,) = news(told)
    assert "**July's Heat** tells otherwise of **Harvest** now: it is at Porto." in message.content
    assert asked(told, "GET") == ["GET"]
    assert events(told)[0].location == "Évora"
    answer = await press(told, message)
    assert "is as the issue tells again" in told.shown(answer)
    assert told.is_private(answer)
    assert [event.location for event in events(told)] == ["Porto"]
    assert "already" in told.shown(await press(told, message))
    await told.sync()
    assert len(news(told)) == 1
    told.write("july", JULY.replace("Évora", "Faro"))
    await told.sync()
    assert len(news(told)) == 2


async def press(town: Town, message: Message) -> Interaction:
    (button,) = components(town, message)
    assert button["label"] == "Update the server's event"
    return await town.sandbox.press(message, button["custom_id"], user=town.mo)


async def test_moderators_in_a_server_of_their_own_bring_the_event_in_step_where_it_is(town: Town) -> None:
    house = town.sandbox.create_guild("House")
    attic = town.sandbox.create_channel(house, "attic")
    wardens = town.sandbox.create_role(house, "wardens", permissions=int(Permission.MANAGE_MESSAGES))
    wim = town.sandbox.create_user(house, "wim", roles=[wardens])
    guest = town.sandbox.create_user(house, "guest")
    town.moderation = f"{{channel: {attic.id}, roles: [{town.moderators.id}, {wardens.id}]}}"
    async with town.running():
        await make(town, "Harvest")
        town.write("july", JULY.replace("Évora", "Porto"))
        await town.sync()
        message = list(attic.messages.values())[-1]
        (button,) = components(town, message)
        refused = await town.sandbox.press(message, button["custom_id"], user=guest)
        assert "This is for moderators" in town.shown(refused)
        answer = await town.sandbox.press(message, button["custom_id"], user=wim)
        assert "is as the issue tells again" in town.shown(answer)
    assert [event.location for event in events(town)] == ["Porto"]
    assert not house.scheduled_events


async def test_a_change_that_is_taken_back_is_told_of_again_when_it_comes_again(told: Town) -> None:
    for place in ("Porto", "Évora", "Porto"):
        told.write("july", JULY.replace("Évora", place))
        await told.sync()
        told.clock.advance(3600)
    assert len(news(told)) == 2


async def test_an_event_that_is_put_off_is_the_same_event(told: Town) -> None:
    (before,) = events(told)
    told.write("july", JULY.replace("September 9", "September 16"))
    for _ in range(2):
        await told.sync()
    (message,) = news(told)
    start = int(at("2026-09-16T09:00").timestamp())
    assert f"it is <t:{start}:f>" in message.content
    await press(told, message)
    (after,) = events(told)
    assert (after.id, after.start, after.end) == (before.id, at("2026-09-16T09:00"), at("2026-09-16T18:00"))
    await told.sync()
    assert len(news(told)) == 1


async def test_an_event_that_was_put_off_is_changed_by_the_command_too(told: Town) -> None:
    told.write("july", JULY.replace("Harvest", "Late harvest").replace("September 9", "September 16"))
    await told.sync()
    (choice,) = await told.choices("server-event", "event", "late", by=told.mo)
    assert "is as the issue tells again" in await make(told, choice["value"])
    (event,) = events(told)
    assert (event.name, event.start) == ("Late harvest", at("2026-09-16T09:00"))


async def test_moderators_hear_once_that_an_event_is_told_of_no_more(told: Town) -> None:
    told.write("july", "\n".join(line for line in JULY.splitlines() if "Harvest" not in line))
    for _ in range(3):
        await told.sync()
    (message,) = news(told)
    assert "does not tell of **Harvest** any more" in message.content
    assert not message.components
    assert len(events(told)) == 1
    told.write("july", JULY)
    await told.sync()
    assert len(news(told)) == 1


async def test_an_issue_that_cannot_be_read_does_not_call_its_events_off(town: Town) -> None:
    async with town.running():
        await make(town, "Harvest")
    town.write("july", "---\ntitle: [\n---\n")
    for file in town.state.parent.glob("heartbeat-archive.db*"):
        file.unlink()
    async with town.running():
        assert news(town) == []


async def test_an_event_that_is_over_is_left_alone(told: Town) -> None:
    told.clock.advance(60 * 24 * 3600)
    told.write("july", JULY.replace("Évora", "Porto"))
    for _ in range(2):
        await told.sync()
    assert news(told) == []
    assert asked(told, "GET") == ["GET"]


async def test_a_change_into_the_past_is_told_of_without_a_button(told: Town) -> None:
    told.write("july", JULY.replace("September 9", "July 9"))
    await told.sync()
    (message,) = news(told)
    assert "any more" in message.content
    assert not message.components


async def test_what_could_not_be_told_is_told_by_the_next_look(told: Town) -> None:
    told.sandbox.faults.add(
        "POST", f"/channels/{told.office.id}/messages", Respond(status=403, code=50001, message="Missing Access")
    )
    told.write("july", JULY.replace("Évora", "Porto"))
    await told.sync()
    assert news(told) == []
    told.clock.advance(61)  # what a channel refused is left alone for a minute
    await told.sync()
    assert len(news(told)) == 1


async def test_an_old_button_of_an_event_that_is_gone_says_so(told: Town) -> None:
    told.write("july", JULY.replace("Évora", "Porto"))
    await told.sync()
    (message,) = news(told)
    told.write("july", "\n".join(line for line in JULY.splitlines() if "Harvest" not in line))
    await told.sync()
    assert "not in the newsletter any more" in told.shown(await press(told, message))
    assert len(news(told)) == 2


async def test_without_a_moderators_channel_events_are_made_and_nobody_is_told(town: Town) -> None:
    town.moderation = f"{{roles: [{town.moderators.id}]}}"
    async with town.running():
        await make(town, "Harvest")
        town.write("july", JULY.replace("Évora", "Porto"))
        await town.sync()
        assert list(town.office.messages) == []
        assert "is as the issue tells again" in await make(town, "Harvest")


# -- completion -----------------------------------------------------------------------------------------------------------


async def test_events_to_come_are_offered_by_day(mill: Town) -> None:
    found = await mill.choices("server-event", "event", "", by=mill.mo)
    assert [choice["name"] for choice in found] == [
        "Open mill · Sat 1 Aug 2026",
        "Pond party · Mon 3 Aug 2026",
        "Sail makers' talk · Wed 12 Aug 2026",
        "Night of the sails · Thu 20 Aug 2026",
        "Millers' call · Fri 21 Aug 2026",
        "@everyone **come** <@&1> [now](https://example.org) · Tue 25 Aug 2026",
        "Harvest · Wed 9 Sep 2026",
    ]
    for typed in ("har", "2026-09", "evora har"):
        (choice,) = [
            choice for choice in await mill.choices("server-event", "event", typed, by=mill.mo) if "Harvest" in choice["name"]
        ]
    await make(mill, choice["value"])
    assert [event.name for event in events(mill)] == ["Harvest"]


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip("\x00 |\\")], ids=str.__len__)
async def test_hostile_words_are_completed_by_nothing(mill: Town, text: str) -> None:
    found = await mill.choices("server-event", "event", text, by=mill.mo)
    assert [choice for choice in found if "everyone" not in choice["name"]] == []


async def test_a_long_title_keeps_its_day(mill: Town) -> None:
    mill.write("april", APRIL.replace("Sail makers' talk", "Sail makers' talk " + "and talk " * 30))
    await mill.sync()
    (choice,) = await mill.choices("server-event", "event", "sail makers", by=mill.mo)
    assert choice["name"].endswith("… · Wed 12 Aug 2026")
    assert len(choice["name"]) <= 100
    await make(mill, choice["value"])
    assert len(events(mill)[0].name) <= 100
