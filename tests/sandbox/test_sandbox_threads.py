from sandbox_clients import Api

from discord_sandbox.clock import ManualClock
from discord_sandbox.permissions import Permission
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, ChannelType, Guild


async def test_a_thread_from_a_message_has_its_id_and_comes_once(
    api: Api, sandbox: Sandbox, news: Channel, channel: Channel
) -> None:
    for place, kind in ((news, 10), (channel, 11)):
        sent = await api.send(place, content="cover")
        path = f"/channels/{place.id}/messages/{sent.body['id']}/threads"
        thread = await api.call("POST", path, {"name": "Discussion"})
        assert (thread.status, thread.body["id"], thread.body["type"]) == (201, sent.body["id"], kind)
        assert (await api.call("POST", path, {"name": "Again"})).code == 160004
        message = sandbox.messages(place)[0]
        assert message["flags"] & (1 << 5)
        assert message["thread"]["name"] == "Discussion"
        assert [starter["type"] for starter in sandbox.messages(int(thread.body["id"]))] == [21]


async def test_a_thread_without_a_message_is_private_unless_told_otherwise(
    api: Api, sandbox: Sandbox, guild: Guild, channel: Channel
) -> None:
    path = f"/channels/{channel.id}/threads"
    assert (await api.call("POST", path, {"name": "t"})).code == 50013
    sandbox.own_role(guild).permissions |= Permission.CREATE_PRIVATE_THREADS
    assert (await api.call("POST", path, {"name": "t"})).body["type"] == 12
    assert (await api.call("POST", path, {"name": "t", "type": 11})).body["type"] == 11
    assert (await api.call("POST", path, {"name": "t", "type": 10})).errors_at("type")
    assert [message["type"] for message in sandbox.messages(channel)] == [18]


async def test_a_threads_name_has_1_to_100_characters(api: Api, channel: Channel) -> None:
    path = f"/channels/{channel.id}/threads"
    assert (await api.call("POST", path, {"name": "n" * 100, "type": 11})).status == 201
    assert (await api.call("POST", path, {"name": "n" * 101, "type": 11})).errors_at("name")
    assert (await api.call("POST", path, {"name": " ", "type": 11})).errors_at("name")
    assert (await api.call("POST", path, {"name": "n", "type": 11, "auto_archive_duration": 61})).errors_at("auto_archive_duration")


async def test_a_forum_takes_posts_and_no_messages(api: Api, sandbox: Sandbox, forum: Channel) -> None:
    assert (await api.send(forum, content="x")).code == 40058
    body = {"name": "May", "message": {"content": "first"}, "applied_tags": [str(forum.tags[0].id)]}
    post = await api.call("POST", f"/channels/{forum.id}/threads", body)
    assert (post.status, post.body["type"]) == (201, 11)
    assert post.body["message"]["id"] == post.body["id"]
    assert post.body["applied_tags"] == [str(forum.tags[0].id)]
    assert [message["content"] for message in sandbox.messages(int(post.body["id"]))] == ["first"]


async def test_a_post_keeps_the_rules_of_messages_and_tags(api: Api, forum: Channel) -> None:
    path = f"/channels/{forum.id}/threads"
    long = await api.call("POST", path, {"name": "n", "message": {"content": "x" * 2001}})
    assert long.errors_at("message", "content")
    assert (await api.call("POST", path, {"name": "n", "message": {"content": ""}})).code == 50006
    assert (await api.call("POST", path, {"name": "n"})).errors_at("message")
    six = await api.call("POST", path, {"name": "n", "message": {"content": "x"}, "applied_tags": list(range(6))})
    assert "applied_tags" in six.body["errors"]
    unknown = await api.call("POST", path, {"name": "n", "message": {"content": "x"}, "applied_tags": ["5"]})
    assert unknown.errors_at("applied_tags", "0")


async def test_a_forum_may_require_a_tag(api: Api, sandbox: Sandbox, guild: Guild) -> None:
    forum = sandbox.create_channel(guild, "f", ChannelType.FORUM, tags=["t"], require_tag=True)
    path = f"/channels/{forum.id}/threads"
    assert (await api.call("POST", path, {"name": "n", "message": {"content": "x"}})).code == 40067
    tagged = {"name": "n", "message": {"content": "x"}, "applied_tags": [str(forum.tags[0].id)]}
    assert (await api.call("POST", path, tagged)).status == 201


async def test_an_archived_thread_takes_messages_and_wakes_but_no_edits(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    thread = (await api.call("POST", f"/channels/{channel.id}/threads", {"name": "t", "type": 11})).body
    place = sandbox.world.place(int(thread["id"]))[1]
    sent = await api.send(place, content="x")
    await api.call("PATCH", f"/channels/{place.id}", {"archived": True})
    assert (await api.edit(place, sent.body["id"], content="y")).code == 50083
    assert (await api.call("DELETE", f"/channels/{place.id}/messages/{sent.body['id']}")).code == 50083
    listed = await api.call("GET", f"/channels/{channel.id}/threads/archived/public")
    assert [other["id"] for other in listed.body["threads"]] == [thread["id"]]
    assert (await api.send(place, content="z")).status == 200
    assert (await api.edit(place, sent.body["id"], content="y")).status == 200


async def test_a_thread_falls_asleep_when_nobody_speaks(api: Api, guild: Guild, channel: Channel, clock: ManualClock) -> None:
    body = {"name": "t", "type": 11, "auto_archive_duration": 60}
    thread = (await api.call("POST", f"/channels/{channel.id}/threads", body)).body
    active = f"/guilds/{guild.id}/threads/active"
    assert [other["id"] for other in (await api.call("GET", active)).body["threads"]] == [thread["id"]]
    clock.advance(60 * 60)
    assert (await api.call("GET", active)).body["threads"] == []
    assert (await api.call("GET", f"/channels/{thread['id']}")).body["thread_metadata"]["archived"] is True


async def test_a_locked_thread_takes_no_messages(api: Api, sandbox: Sandbox, guild: Guild, channel: Channel) -> None:
    thread = (await api.call("POST", f"/channels/{channel.id}/threads", {"name": "t", "type": 11})).body
    assert (await api.call("PATCH", f"/channels/{thread['id']}", {"locked": True})).code == 50013
    sandbox.own_role(guild).permissions |= Permission.MANAGE_THREADS
    assert (await api.call("PATCH", f"/channels/{thread['id']}", {"locked": True})).body["thread_metadata"]["locked"] is True
    sandbox.own_role(guild).permissions &= ~Permission.MANAGE_THREADS
    assert (await api.send(sandbox.world.place(int(thread["id"]))[1], content="x")).code == 160005


async def test_a_thread_needs_send_messages_in_threads_alone(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    thread = (await api.call("POST", f"/channels/{channel.id}/threads", {"name": "t", "type": 11})).body
    place = sandbox.world.place(int(thread["id"]))[1]
    sandbox.overwrite(channel, sandbox.world.bot, deny=Permission.SEND_MESSAGES)
    assert (await api.send(place, content="x")).status == 200
    sandbox.overwrite(channel, sandbox.world.bot, deny=Permission.SEND_MESSAGES_IN_THREADS)
    assert (await api.send(place, content="x")).code == 50013


async def test_deleting_a_thread_needs_manage_threads(api: Api, sandbox: Sandbox, guild: Guild, channel: Channel) -> None:
    thread = (await api.call("POST", f"/channels/{channel.id}/threads", {"name": "t", "type": 11})).body
    assert (await api.call("DELETE", f"/channels/{thread['id']}")).code == 50013
    sandbox.own_role(guild).permissions |= Permission.MANAGE_THREADS
    assert (await api.call("DELETE", f"/channels/{thread['id']}")).status == 200
    assert (await api.call("GET", f"/channels/{thread['id']}")).code == 10003
