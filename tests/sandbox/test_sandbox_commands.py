from typing import Any

import pytest
from sandbox_clients import Answer, Api

from discord_sandbox.clock import ManualClock
from discord_sandbox.interactions import NotOfferedError
from discord_sandbox.permissions import Permission
from discord_sandbox.ratelimits import Quota
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild, User

STATUS: dict[str, Any] = {"name": "status", "description": "Says how things stand"}


def path(sandbox: Sandbox, guild: Guild | None = None) -> str:
    scope = f"/guilds/{guild.id}" if guild else ""
    return f"/applications/{sandbox.world.bot.id}{scope}/commands"


async def put(api: Api, *commands: Any) -> Answer:
    return await api.call("PUT", path(api.sandbox), list(commands))


async def test_a_bulk_overwrite_keeps_the_ids_of_commands_that_stay(api: Api, sandbox: Sandbox) -> None:
    first = await put(api, STATUS, {**STATUS, "name": "gone"})
    second = await put(api, STATUS, {**STATUS, "name": "new"})
    assert second.body[0]["id"] == first.body[0]["id"]
    assert [command["name"] for command in (await api.call("GET", path(sandbox))).body] == ["status", "new"]


async def test_a_post_creates_once_and_then_overwrites(api: Api, sandbox: Sandbox, guild: Guild) -> None:
    first = await api.call("POST", path(sandbox, guild), STATUS)
    second = await api.call("POST", path(sandbox, guild), {**STATUS, "description": "Other"})
    assert (first.status, second.status) == (201, 200)
    assert (second.body["id"], second.body["description"]) == (first.body["id"], "Other")
    assert second.body["guild_id"] == str(guild.id)
    assert (await api.call("GET", path(sandbox))).body == []


async def test_a_command_is_edited_read_and_deleted(api: Api, sandbox: Sandbox) -> None:
    one = f"{path(sandbox)}/{(await api.call('POST', path(sandbox), STATUS)).body['id']}"
    assert (await api.call("PATCH", one, {"description": "Other"})).body["description"] == "Other"
    assert (await api.call("GET", one)).body["name"] == "status"
    assert (await api.call("DELETE", one)).status == 204
    assert (await api.call("GET", one)).code == 10063


OPTION = {"type": 3, "name": "o", "description": "d"}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"name": "n" * 33}, ("name",)),
        ({"name": "Upper"}, ("name",)),
        ({"name": "two words"}, ("name",)),
        ({"description": "d" * 101}, ("description",)),
        ({"description": ""}, ("description",)),
        ({"options": [{**OPTION, "name": f"o{n}"} for n in range(26)]}, ("options",)),
        ({"options": [OPTION, OPTION]}, ("options", "1", "name")),
        ({"options": [OPTION, {**OPTION, "name": "p", "required": True}]}, ("options", "1")),
        ({"options": [{**OPTION, "choices": [{"name": "c", "value": "v"}] * 26}]}, ("options", "0", "choices")),
        ({"options": [{**OPTION, "choices": [{"name": "c" * 101, "value": "v"}]}]}, ("options", "0", "choices", "0", "name")),
        ({"options": [{**OPTION, "choices": [{"name": "c", "value": "v" * 101}]}]}, ("options", "0", "choices", "0", "value")),
        ({"options": [{**OPTION, "type": 1}, {**OPTION, "name": "p"}]}, ("options", "1", "type")),
        ({"options": [{**OPTION, "type": 12}]}, ("options", "0", "type")),
    ],
)
async def test_a_command_keeps_its_limits(api: Api, fields: Any, place: tuple[str, ...]) -> None:
    assert (await put(api, {**STATUS, **fields})).errors_at("0", *place)


@pytest.mark.parametrize("fields", [{"name": "n" * 32}, {"name": "häuser-1_'"}, {"description": "d" * 100}])
async def test_a_command_may_go_to_its_limits(api: Api, fields: Any) -> None:
    assert (await put(api, {**STATUS, **fields})).status == 200


async def test_a_whole_command_may_have_8000_characters(api: Api) -> None:
    choices = [{"name": f"{number:0100}", "value": "v" * 100} for number in range(25)]
    options = [{**OPTION, "name": f"o{number}", "choices": choices} for number in range(2)]
    assert (await put(api, {**STATUS, "options": options[:1]})).status == 200
    assert (await put(api, {**STATUS, "options": options})).errors_at("0")


async def test_there_may_be_a_hundred_commands_with_different_names(api: Api, sandbox: Sandbox) -> None:
    hundred = [{**STATUS, "name": f"c{number}"} for number in range(100)]
    assert (await put(api, *hundred)).status == 200
    assert (await api.call("POST", path(sandbox), STATUS)).code == 30032
    assert (await put(api, STATUS, STATUS)).errors_at("1", "name") == ["APPLICATION_COMMANDS_DUPLICATE_NAME"]
    assert (await put(api, *[{"type": 2, "name": f"u{number}"} for number in range(16)])).code == 30032


async def test_a_day_has_so_many_new_commands(api: Api, sandbox: Sandbox, clock: ManualClock) -> None:
    sandbox.limits.command_creates = Quota(requests=2, seconds=86400)
    two = [{**STATUS, "name": name} for name in ("a", "b")]
    assert (await put(api, *two)).status == 200
    assert (await put(api, *two)).status == 200
    refused = await put(api, *two, STATUS)
    assert (refused.status, refused.code) == (429, 30034)
    clock.advance(86400)
    assert (await put(api, *two, STATUS)).status == 200


async def test_a_person_is_offered_only_what_discord_would_offer(
    api: Api, sandbox: Sandbox, guild: Guild, channel: Channel, ann: User
) -> None:
    option = {**OPTION, "name": "newsletter", "required": True, "choices": [{"name": "One", "value": "one"}]}
    await put(api, {**STATUS, "options": [option], "default_member_permissions": str(int(Permission.MANAGE_GUILD))})

    async def refused(command: str, sentence: str, **options: object) -> None:
        with pytest.raises(NotOfferedError, match=sentence):
            await sandbox.invoke(command, options, user=ann, channel=channel)

    await refused("nothing", "no command")
    await refused("status", "not shown to ann", newsletter="one")
    guild.roles[guild.id].permissions |= Permission.MANAGE_GUILD
    await refused("status", "missing options")
    await refused("status", "unknown options", newsletter="one", other=1)
    await refused("status", "none of the choices", newsletter="two")
    sandbox.overwrite(channel, ann, deny=Permission.USE_APPLICATION_COMMANDS)
    await refused("status", "may not use commands", newsletter="one")


@pytest.mark.parametrize(
    ("option", "good", "bad"),
    [
        ({"type": 3, "min_length": 2, "max_length": 3}, "abc", ["a", "abcd", 5]),
        ({"type": 4, "min_value": 1, "max_value": 3}, 3, [0, 4, "2", True, 1.5]),
        ({"type": 5}, False, [0, "no"]),
        ({"type": 10, "min_value": 0.5}, 1, [0.4, "1"]),
        ({"type": 7, "channel_types": [0]}, "channel", ["news", "7"]),
        ({"type": 6}, "ann", ["channel", None]),
    ],
)
async def test_the_value_of_an_option_is_checked_before_the_bot_is_told(
    api: Api, sandbox: Sandbox, channel: Channel, news: Channel, ann: User, option: Any, good: Any, bad: list[Any]
) -> None:
    await put(api, {**STATUS, "options": [{**OPTION, **option}]})
    things: dict[Any, object] = {"channel": channel, "news": news, "ann": ann}

    def value(given: Any) -> object:
        return things.get(given, given) if isinstance(given, str) else given

    for given in bad:
        with pytest.raises(NotOfferedError):
            await sandbox.invoke("status", {"o": value(given)}, user=ann, channel=channel, timeout=0)
    with pytest.raises(TimeoutError):
        await sandbox.invoke("status", {"o": value(good)}, user=ann, channel=channel, timeout=0)


async def test_only_an_option_that_is_completed_is_completed_with_those_filled_before(
    api: Api, sandbox: Sandbox, channel: Channel, ann: User
) -> None:
    options = [{**OPTION, "name": "a"}, {**OPTION, "name": "b", "autocomplete": True}]
    await put(api, {**STATUS, "options": options})
    with pytest.raises(NotOfferedError, match="Nothing is offered for a"):
        await sandbox.autocomplete("status", "a", "x", user=ann, channel=channel, timeout=0)
    with pytest.raises(NotOfferedError, match="unknown options"):
        await sandbox.autocomplete("status", "c", "x", user=ann, channel=channel, timeout=0)
    with pytest.raises(TimeoutError):
        await sandbox.autocomplete("status", "b", "x", user=ann, channel=channel, options={"a": "y"}, timeout=0)
    told = list(sandbox.interactions.kept.values())[-1].about["options"]
    assert told == [{"name": "a", "type": 3, "value": "y"}, {"name": "b", "type": 3, "value": "x", "focused": True}]


async def test_an_interaction_is_answered_once_and_in_time(
    api: Api, sandbox: Sandbox, channel: Channel, ann: User, clock: ManualClock
) -> None:
    await put(api, STATUS)
    message = {"type": 4, "data": {"content": "x"}}

    async def begin() -> tuple[str, str]:
        with pytest.raises(TimeoutError):
            await sandbox.invoke("status", user=ann, channel=channel, timeout=0)
        interaction = list(sandbox.interactions.kept.values())[-1]
        hook = f"/webhooks/{sandbox.world.bot.id}/{interaction.token}"
        return f"/interactions/{interaction.id}/{interaction.token}/callback", hook

    answer, hook = await begin()
    assert (await api.call("POST", hook, {"content": "early"})).status == 404
    assert (await api.call("POST", answer, {"type": 1})).errors_at("type")
    long = await api.call("POST", answer, {"type": 4, "data": {"content": "x" * 2001}})
    assert long.errors_at("data", "content")
    assert (await api.call("POST", answer, message)).status == 204
    assert (await api.call("POST", answer, message)).code == 40060
    clock.advance(15 * 60 + 1)
    assert (await api.call("POST", hook, {"content": "late"})).code == 50027
    answer, _ = await begin()
    clock.advance(4)
    assert (await api.call("POST", answer, message)).code == 10062
    assert (await api.call("POST", answer.replace("interactions/", "interactions/1"), message)).code == 10062
