"""Forged presses and commands of people who have no say: they change nothing, ask nothing of channels of others, and learn nothing."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from itertools import cycle, islice, product
from typing import Any

import pytest
from town import Town
from two_servers import ABBEY_PUBLIC, ABBEY_SECRET, Abbey, actor, found, told

from discord_sandbox.faults import Respond as SandboxAnswer
from discord_sandbox.permissions import Permission
from heartbeat_bot.errors import UserError
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer
from heartbeat_bot.interactions.components import press, read_press
from heartbeat_bot.interactions.custom_ids import short_name
from heartbeat_bot.moderators.auditing import MOST_NOTED, MOST_TOLD
from heartbeat_bot.policy.approval import Version, seal

MANY = 12_000

VALUES: tuple[tuple[str, ...], ...] = ((), ("",), ("in 3 hours",), ("1:0123456789",), ("0", "1"), ("\0",))
ODD_NUMBERS = ("0", "-1", "٣", "1e3", "9" * 30, "", " 1", "1 ", "\0", "１")
TOKENS = ("", "stale", "x" * 60)


@pytest.fixture
def abbey(town: Town) -> Abbey:
    abbey = found(town)
    abbey.write("vigil", told("Vigil", ABBEY_SECRET, more="draft: true\n"))
    return abbey


@pytest.fixture
async def there(town: Town, abbey: Abbey) -> AsyncIterator[Abbey]:
    """Both newsletters with issues in many states: known, posted, waiting, held, skipped, a draft."""
    town.moderation = f"{{roles: [{town.moderators.id}], approval: true}}"
    async with town.running():
        await town.sync("abbey")
        store, now = town.opened.store, town.clock()
        for name in ("posted", "waiting", "held", "skipped"):
            abbey.write(
                name,
                told(name.title(), f"{ABBEY_SECRET}{name}" if name != "posted" else ABBEY_PUBLIC, "2026-07-2" + str(len(name))),
            )
        await town.sync("abbey")
        numbers = {record.slug: id_ for id_, record in (await store.records("abbey")).items()}
        await store.approve(numbers["posted"], now=now)
        await store.hold(numbers["held"], now=now)
        await store.skip(numbers["skipped"], now=now)
        await town.sync("abbey")
        assert abbey.news.messages
        yield abbey


def people(town: Town, abbey: Abbey) -> list[Actor]:
    """Return outsiders of all kinds, as far as the abbey goes."""
    third = town.sandbox.create_guild("Third")
    stranger = town.sandbox.create_user(third, "stranger")
    namesake = town.sandbox.create_role(town.guild, "abbey moderators")
    roles = frozenset([town.moderators.id])
    return [
        actor(town.ann, town.guild),
        actor(abbey.monk, abbey.guild),
        actor(stranger, third, manages=True),
        actor(stranger, None),
        actor(abbey.monk, None),
        actor(abbey.abbot, third, manages=True),
        actor(town.mo, town.guild, roles=roles),
        actor(town.mo, town.guild, manages=True),
        actor(stranger, third, roles=roles),
        actor(abbey.abbot, None, roles=roles, manages=True),
        actor(abbey.monk, abbey.guild, roles=frozenset([namesake.id])),
    ]


def dump(town: Town) -> dict[str, list[Any]]:
    """Return every row of the database, except what people did."""
    with closing(sqlite3.connect(town.state)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'actions'")]
        return {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in sorted(tables)}


def presses(town: Town, abbey: Abbey, numbers: Sequence[int], marks: Sequence[str], seals: Sequence[str]) -> Iterator[str]:
    """Yield custom_ids: those of real buttons with the numbers of others, and some that no button ever had."""
    for number, seen in product([*map(str, numbers), *ODD_NUMBERS], [*seals, "0123456789", ""]):
        for verb in ("approve", "skip", "schedule", "scheduled"):
            yield press(verb, number, seen).custom_id()
        yield press("approve", number).custom_id()
        yield press("preview", number).custom_id()
        yield press("preview-turn", number, 1).custom_id()
        yield press("read", number, 1).custom_id()
        for token in TOKENS[:2]:
            yield press("retract", token, number, "").custom_id()
            for channel in (abbey.news.id, town.talk.id, "-1", "9" * 25):
                yield press("repost", token, number, "", channel, "again", seen).custom_id()
                yield press("repost", token, number, "", channel, "whatever", seen).custom_id()
    for verb, short, seen in product(("approve", "skip", "hold"), (short_name("abbey"), "beef00", ""), [*seals, ""]):
        yield press("decide-all", verb, short, seen).custom_id()
    for mark, guild in product([*marks, "x"], (abbey.guild.id, town.guild.id, "0")):
        yield press("server-event", mark, guild).custom_id()
    for short in (short_name("abbey"), ""):
        yield press("search", 0, "all", short, "canary").custom_id()
        yield press("search", 0, "all", short, ABBEY_PUBLIC).custom_id()
        yield press("events", 0, "all", "", short, "").custom_id()
        yield press("hiring", 0, short, "").custom_id()
        yield press("ics", 0, "all", "", short, "").custom_id()
    yield from ("", "|", "\\", "\\p|\\p", "approve", "approve|||||", "x" * 100, "scheduled|1", "here")


def commands(town: Town, abbey: Abbey, numbers: Sequence[int]) -> Iterator[Callable[[Actor], Awaitable[object]]]:
    """Yield every verb, about what is the abbey's."""
    service = town.opened.service
    for issue in [*map(str, numbers), "vigil", "waiting", *ODD_NUMBERS]:
        for verb in (service.deciding.approve, service.deciding.hold, service.deciding.skip, service.previewing.preview):
            yield lambda who, verb=verb, issue=issue: verb(who, issue=issue)
        yield lambda who, issue=issue: service.deciding.schedule(who, issue=issue, time="in 3 hours")
        yield lambda who, issue=issue: service.reposting.retract(who, issue=issue)
        yield lambda who, issue=issue: service.reposting.repost(who, issue=issue, channel=abbey.news.id, how="again")
        yield lambda who, issue=issue: service.reposting.repost(who, issue=issue, section="News")
        yield lambda who, issue=issue: service.reposting.sections(who, issue, "")
        yield lambda who, issue=issue: service.reading.issue(who, issue=issue)
    for verb in (service.pausing.pause, service.pausing.resume, service.pausing.sync, service.reading.latest):
        yield lambda who, verb=verb: verb(who, newsletter="Abbey")
    for command in ("approve", "hold", "skip", "schedule", "repost", "retract", "preview"):
        yield lambda who, command=command: service.known.complete(who, "", command)
    yield service.status.show
    yield lambda who: service.server_events.make(who, event="Feast")
    yield lambda who: service.server_events.complete(who, "")
    yield lambda who: service.searching.search(who, query=ABBEY_SECRET)
    yield lambda who: service.agenda.events(who, when="all", newsletter="abbey")
    yield lambda who: service.agenda.hiring(who, newsletter="abbey")
    yield lambda who: service.reading.complete(who, "")


async def said(attempt: Awaitable[object]) -> str:
    """Return all that somebody is told; what is typed may be said again, a fault may not happen."""
    try:
        answer = await attempt
    except UserError as error:
        return str(error)
    return str(answer.body()) + str([file.content for file in answer.files]) if isinstance(answer, Answer) else str(answer)


async def test_twelve_thousand_forged_presses_and_commands_change_nothing_of_others_and_tell_nothing(there: Abbey) -> None:
    town = there.town
    service, store = town.opened.service, town.opened.store
    records = await store.records("abbey")
    numbers = list(records)
    seals = [seal(Version(record.blob)) for record in records.values()][:2]
    marks = [one.mark for one in await town.opened.archive.events() if one.newsletter == "abbey"][:2]
    every = people(town, there)
    for who in every:  # from here on it is known whose channels are whose
        await service.authority.newsletters(who)
    # What people did themselves to the mill's issues is their own affair: its moderators are among them, and may.
    ids = list(presses(town, there, numbers, marks, seals))
    pool: list[tuple[Actor, Callable[[Actor], Awaitable[object]]]] = []
    for who in every:
        own_server = who.guild == there.guild.id
        for custom_id in ids:
            forged = read_press(custom_id)
            reads = own_server and forged.verb in {"read", "search", "events", "hiring", "ics"}
            if not reads:
                pool += [(who, _pressing(service, custom_id, values)) for values in VALUES[:3]]
    never = SandboxAnswer(status=500, code=0, message="")
    watching = [
        town.sandbox.faults.add("*", f"/{kind}/{number}{rest}", never, nth=10**9)
        for kind, number in (("channels", there.news.id), ("channels", there.hall.id), ("guilds", there.guild.id))
        for rest in ("", "/**")
    ]
    before = dump(town)
    heard: set[str] = set()
    count = 0
    for who, act in islice(cycle(pool), MANY - 1000):
        text = (await said(act(who))).replace(f"“{ABBEY_PUBLIC}”", "")  # what was typed may be said again
        heard |= {canary for canary in (ABBEY_SECRET, ABBEY_PUBLIC) if canary in text}
        count += 1
    verbs = list(commands(town, there, numbers))
    members = [who for who in every if who.guild != there.guild.id]
    for who, act in islice(cycle(product(members, verbs)), 1000):
        text = (await said(act(who))).replace(f"“{ABBEY_SECRET}”", "")
        heard |= {canary for canary in (ABBEY_SECRET, ABBEY_PUBLIC) if canary in text}
        count += 1
    assert count == MANY
    assert heard == set()
    after = dump(town)
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    assert [rule.seen for rule in watching] == [0] * len(watching)
    refused = [action for action in await store.actions.latest(MANY) if "refused" in str(action.outcome)]
    assert {"approve", "skip", "retract", "repost"} <= {action.verb for action in refused}
    assert len(refused) <= MOST_NOTED * len({who.user for who in every})


def _pressing(service: Any, custom_id: str, values: Sequence[str]) -> Callable[[Actor], Awaitable[object]]:
    async def act(who: Actor) -> object:
        forged = read_press(custom_id)
        try:
            dialog = service.router.dialog(who, forged)
        except UserError:
            dialog = None
        return dialog or await service.router.press(who, forged, values)

    return act


async def test_refused_attempts_are_told_a_few_times_and_not_more(town: Town) -> None:
    async with town.running():
        for turn in range(40):
            user = town.sandbox.create_user(town.guild, f"m{turn}") if turn > 20 else town.ann
            with pytest.raises(UserError):
                await town.opened.service.deciding.hold(actor(user, town.guild), issue="1")
        told_ = [message["content"] for message in town.sandbox.messages(town.office)]
        assert 3 <= len(told_) <= MOST_TOLD
        assert all("refused" in one and "`/hold`" in one for one in told_)
        assert f"`{town.ann.id}`" in told_[0]
        assert len([one for one in await town.opened.store.actions.latest(100) if one.verb == "hold"]) == 40


async def test_a_dialog_without_values_is_answered(there: Abbey) -> None:
    town = there.town
    service = town.opened.service
    mo = actor(town.mo, town.guild, roles=frozenset([town.moderators.id]))
    for values in ((), ("a", "b")):
        with pytest.raises(UserError, match="earlier version"):
            await service.router.press(mo, read_press("scheduled|1|0123456789"), values)


async def test_moderators_of_one_server_see_and_change_what_goes_there(there: Abbey) -> None:
    town, service = there.town, there.town.opened.service
    abbot = actor(there.abbot, there.guild, manages=True)
    mo = actor(town.mo, town.guild, roles=frozenset([town.moderators.id]))
    assert (await service.authority.newsletters(abbot), await service.authority.newsletters(mo)) == (["abbey"], ["mill"])
    assert ABBEY_SECRET in str(await service.previewing.preview(abbot, issue="vigil"))
    assert "Abbey" in str(await service.status.show(abbot)) or "abbey" in str(await service.status.show(abbot))
    assert ABBEY_SECRET not in str(await service.status.show(mo))
    assert "abbey" not in str(await service.status.show(mo))
    with pytest.raises(UserError, match="There is no issue"):
        await service.previewing.preview(mo, issue="vigil")


async def test_the_operators_own_moderators_decide_about_every_newsletter_and_what_reaches_further_is_written_down(
    town: Town, abbey: Abbey
) -> None:
    async with town.running():  # the moderators' channel is in the mill's server
        await town.sync("abbey")
        await town.sandbox.invoke("pause", {"newsletter": "abbey"}, user=town.mo, channel=town.office)
        (action,) = await town.opened.store.actions.latest(1)
        assert f"reaching server {abbey.guild.id}" in action.detail
        assert (action.who, action.guild, action.channel) == (town.mo.id, town.guild.id, town.office.id)
        told_ = town.sandbox.messages(town.office)[-1]["content"]
        assert str(abbey.guild.id) in told_


async def test_taking_and_giving_back_the_role_is_written_down_and_not_told(town: Town) -> None:
    own = town.sandbox.own_role(town.guild)
    own.permissions |= int(Permission.MANAGE_ROLES)
    own.position = 10
    async with town.running():
        await town.call("subscribe")
        await town.call("unsubscribe")
        actions = await town.opened.store.actions.latest(5)
        assert [(one.verb, one.who, one.guild) for one in actions] == [
            ("unsubscribe", town.ann.id, town.guild.id),
            ("subscribe", town.ann.id, town.guild.id),
        ]
        assert town.sandbox.messages(town.office) == []


async def test_through_the_gateway_a_member_of_one_server_presses_and_calls_nothing_of_another(town: Town, abbey: Abbey) -> None:
    async with town.running():
        await town.sync("abbey")
        number = next(iter(await town.opened.store.records("abbey")))
        before = dump(town)
        for does in (press("approve", number, "0123456789"), press("skip", number, "0123456789"), press("preview", number)):
            asked = await town.call("help")
            (message,) = asked.responses
            part = {"type": 2, "id": 2, "style": 2, "label": "x", "custom_id": does.custom_id(), "disabled": False}
            message.components = [{"type": 1, "id": 1, "components": [part]}]
            pressed = await town.sandbox.press(message, does.custom_id(), user=town.ann)
            assert "This is for moderators" in town.shown(pressed)
        answer = town.shown(await town.sandbox.invoke("preview", {"issue": str(number)}, user=abbey.abbot, channel=abbey.hall))
        assert ABBEY_PUBLIC in answer
        assert dump(town) == before
