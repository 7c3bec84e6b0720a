import json
from typing import Any

import aiohttp
import pytest
from sandbox_clients import Answer, Api

from discord_sandbox.clock import ManualClock
from discord_sandbox.permissions import Permission
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild, User


async def test_a_message_is_read_back_as_it_was_sent(api: Api, channel: Channel) -> None:
    sent = await api.send(channel, content="hello", embeds=[{"title": "t", "url": "https://example.org/#a"}])
    read = await api.call("GET", f"/channels/{channel.id}/messages/{sent.body['id']}")
    assert read.body == sent.body
    assert read.headers["Content-Type"] == "application/json"


async def test_history_comes_newest_first_and_in_pages(api: Api, channel: Channel, clock: ManualClock) -> None:
    ids: list[int] = []
    for number in range(7):
        clock.advance(1)
        ids.append(int((await api.send(channel, content=str(number))).body["id"]))

    async def page(**query: Any) -> list[int]:
        answer = await api.call("GET", f"/channels/{channel.id}/messages", params={key: str(value) for key, value in query.items()})
        return [int(message["id"]) for message in answer.body]

    assert await page() == ids[::-1]
    assert await page(limit=2) == [ids[6], ids[5]]
    assert await page(before=ids[3], limit=2) == [ids[2], ids[1]]
    assert await page(after=ids[3], limit=2) == [ids[5], ids[4]]
    assert await page(around=ids[3], limit=3) == [ids[4], ids[3], ids[2]]


@pytest.mark.parametrize("limit", ["0", "101", "x"])
async def test_a_page_has_1_to_100_messages(api: Api, channel: Channel, limit: str) -> None:
    answer = await api.call("GET", f"/channels/{channel.id}/messages", params={"limit": limit})
    assert answer.errors_at("limit")


async def test_the_nonce_is_told_once_and_forgotten(api: Api, channel: Channel) -> None:
    sent = await api.send(channel, content="x", nonce="abc")
    assert sent.body["nonce"] == "abc"
    assert "nonce" not in (await api.call("GET", f"/channels/{channel.id}/messages")).body[0]


async def test_a_repeated_nonce_gives_the_earlier_message_inside_the_window_only(
    api: Api, sandbox: Sandbox, channel: Channel, clock: ManualClock
) -> None:
    body = {"content": "x", "nonce": "abc", "enforce_nonce": True}
    first = await api.send(channel, body)
    clock.advance(179)
    again = await api.send(channel, {**body, "content": "other"})
    assert (again.status, again.body["id"], again.body["content"]) == (200, first.body["id"], "x")
    clock.advance(2)
    assert (await api.send(channel, body)).body["id"] != first.body["id"]
    assert len(sandbox.messages(channel)) == 2


async def test_a_nonce_counts_per_channel_and_only_when_enforced(
    api: Api, sandbox: Sandbox, guild: Guild, channel: Channel
) -> None:
    other = sandbox.create_channel(guild, "other")
    body = {"content": "x", "nonce": "abc", "enforce_nonce": True}
    ids = [(await api.send(place, body)).body["id"] for place in (channel, other)]
    ids.append((await api.send(channel, content="x", nonce="abc")).body["id"])
    assert len(set(ids)) == 3


async def test_a_repeated_nonce_of_a_deleted_message_is_unknown(api: Api, channel: Channel) -> None:
    body = {"content": "x", "nonce": "abc", "enforce_nonce": True}
    first = await api.send(channel, body)
    await api.call("DELETE", f"/channels/{channel.id}/messages/{first.body['id']}")
    again = await api.send(channel, body)
    assert (again.status, again.code) == (404, 10008)


async def test_an_edit_changes_what_it_names_and_leaves_the_rest(api: Api, channel: Channel) -> None:
    sent = await api.send(channel, content="a", embeds=[{"title": "t"}])
    edited = await api.edit(channel, sent.body["id"], content="b")
    assert edited.body["content"] == "b"
    assert edited.body["embeds"][0]["title"] == "t"
    assert edited.body["edited_timestamp"] is not None
    emptied = await api.edit(channel, sent.body["id"], content=None)
    assert emptied.body["content"] == ""
    assert (await api.edit(channel, sent.body["id"], embeds=[])).code == 50006


async def test_a_refused_edit_leaves_the_message_as_it_was(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    sent = await api.send(channel, content="a")
    assert (await api.edit(channel, sent.body["id"], content="b", embeds=[{"title": "x" * 257}])).status == 400
    assert sandbox.messages(channel)[0]["content"] == "a"


async def test_another_users_message_cannot_be_edited_but_its_embeds_hidden(
    api: Api, sandbox: Sandbox, guild: Guild, channel: Channel, ann: User
) -> None:
    message = sandbox.post_as(ann, channel, "mine")
    assert (await api.edit(channel, str(message.id), content="yours")).code == 50005
    assert (await api.edit(channel, str(message.id), flags=4)).code == 50013
    assert (await api.call("DELETE", f"/channels/{channel.id}/messages/{message.id}")).code == 50013
    sandbox.own_role(guild).permissions |= Permission.MANAGE_MESSAGES
    assert (await api.edit(channel, str(message.id), flags=4)).body["flags"] == 4
    assert (await api.call("DELETE", f"/channels/{channel.id}/messages/{message.id}")).status == 204


async def test_suppressed_embeds_are_not_shown(api: Api, channel: Channel) -> None:
    sent = await api.send(channel, content="x", embeds=[{"title": "t"}], flags=4)
    assert sent.body["embeds"] == []
    assert (await api.edit(channel, sent.body["id"], flags=0)).body["embeds"][0]["title"] == "t"


async def test_a_message_becomes_components_v2_when_its_old_parts_go(api: Api, channel: Channel) -> None:
    sent = await api.send(channel, content="x", embeds=[{"title": "t"}])
    new = {"flags": 1 << 15, "components": [{"type": 10, "content": "new"}]}
    assert (await api.edit(channel, sent.body["id"], **new)).errors_at("content")
    edited = await api.edit(channel, sent.body["id"], **new, content=None, embeds=[])
    assert edited.body["components"][0]["content"] == "new"
    back = await api.edit(channel, sent.body["id"], flags=0)
    assert back.body["flags"] & (1 << 15)


async def upload(api: Api, path: str, method: str, payload: Any, *names: str) -> Answer:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", json.dumps(payload))
    for index, name in enumerate(names):
        form.add_field(f"files[{index}]", name.encode(), filename=name, content_type="image/png")
    return await api.call(method, path, data=form)


async def test_an_edit_keeps_the_files_that_it_lists_and_adds_new_ones(api: Api, channel: Channel) -> None:
    path = f"/channels/{channel.id}/messages"
    attachments = [{"id": 0, "description": "first"}, {"id": 1}]
    sent = await upload(api, path, "POST", {"attachments": attachments}, "a.png", "b.png")
    first = sent.body["attachments"][0]
    assert first["description"] == "first"
    one = f"{path}/{sent.body['id']}"
    unlisted = await api.call("PATCH", one, {"content": "x"})
    assert [file["filename"] for file in unlisted.body["attachments"]] == ["a.png", "b.png"]
    changed = await upload(api, one, "PATCH", {"attachments": [{"id": first["id"]}, {"id": 0}]}, "c.png")
    assert [file["filename"] for file in changed.body["attachments"]] == ["a.png", "c.png"]
    assert (await api.call("PATCH", one, {"attachments": [{"id": "77"}]})).errors_at("attachments", "0", "id")
    assert (await api.call("PATCH", one, {"attachments": []})).body["attachments"] == []


async def test_a_files_address_is_signed_and_expires(api: Api, channel: Channel, clock: ManualClock) -> None:
    sent = await upload(api, f"/channels/{channel.id}/messages", "POST", {}, "a b.png")
    url = sent.body["attachments"][0]["url"]
    async with api.session.get(url) as good:
        assert (good.status, await good.read()) == (200, b"a b.png")
    async with api.session.get(url.split("?")[0]) as unsigned:
        assert unsigned.status == 404
    clock.advance(25 * 60 * 60)
    async with api.session.get(url) as late:
        assert late.status == 404


async def test_mentions_ping_by_default_and_not_when_denied(
    api: Api, sandbox: Sandbox, guild: Guild, channel: Channel, ann: User
) -> None:
    role = sandbox.create_role(guild, "readers", mentionable=True)
    quiet = sandbox.create_role(guild, "quiet")
    text = f"<@{ann.id}> <@&{role.id}> <@&{quiet.id}> @everyone"
    loud = await api.send(channel, content=text)
    assert [user["id"] for user in loud.body["mentions"]] == [str(ann.id)]
    assert loud.body["mention_roles"] == [str(role.id)]
    assert loud.body["mention_everyone"] is False
    denied = await api.send(channel, content=text, allowed_mentions={"parse": []})
    assert (denied.body["mentions"], denied.body["mention_roles"]) == ([], [])
    chosen = await api.send(channel, content=text, allowed_mentions={"parse": [], "roles": [str(role.id)]})
    assert (chosen.body["mentions"], chosen.body["mention_roles"]) == ([], [str(role.id)])
    sandbox.own_role(guild).permissions |= Permission.MENTION_EVERYONE
    everyone = await api.send(channel, content=text)
    assert everyone.body["mention_everyone"] is True
    assert everyone.body["mention_roles"] == [str(role.id), str(quiet.id)]


async def test_code_and_embeds_ping_nobody(api: Api, channel: Channel, ann: User) -> None:
    answer = await api.send(channel, content=f"`<@{ann.id}>` ```\n<@{ann.id}>```", embeds=[{"description": f"<@{ann.id}>"}])
    assert answer.body["mentions"] == []


async def test_an_edit_without_allowed_mentions_pings_by_default_again(api: Api, channel: Channel, ann: User) -> None:
    sent = await api.send(channel, content=f"<@{ann.id}>", allowed_mentions={"parse": []})
    assert (await api.edit(channel, sent.body["id"], embeds=[{"title": "t"}])).body["mentions"] != []
    assert (await api.edit(channel, sent.body["id"], content=f"<@{ann.id}>!", allowed_mentions={"parse": []})).body[
        "mentions"
    ] == []


async def test_publishing_works_once_and_in_announcement_channels(api: Api, channel: Channel, news: Channel) -> None:
    elsewhere = await api.send(channel, content="x")
    path = f"/channels/{channel.id}/messages/{elsewhere.body['id']}/crosspost"
    assert (await api.call("POST", path)).code == 50024
    sent = await api.send(news, content="x")
    path = f"/channels/{news.id}/messages/{sent.body['id']}/crosspost"
    assert (await api.call("POST", path)).body["flags"] == 1
    assert (await api.call("POST", path)).code == 40033


async def test_many_messages_are_deleted_at_once(
    api: Api, sandbox: Sandbox, guild: Guild, channel: Channel, clock: ManualClock
) -> None:
    ids = [(await api.send(channel, content=str(number))).body["id"] for number in range(3)]
    path = f"/channels/{channel.id}/messages/bulk-delete"
    assert (await api.call("POST", path, {"messages": ids})).code == 50013
    sandbox.own_role(guild).permissions |= Permission.MANAGE_MESSAGES
    assert (await api.call("POST", path, {"messages": ids[:1]})).code == 50016
    assert (await api.call("POST", path, {"messages": ids[:2]})).status == 204
    assert [message["id"] for message in sandbox.messages(channel)] == ids[2:]
    later = (await api.send(channel, content="y")).body["id"]
    clock.advance(15 * 24 * 60 * 60)
    assert (await api.call("POST", path, {"messages": [ids[2], later]})).code == 50034


async def test_unknown_things_have_their_codes(api: Api, channel: Channel, guild: Guild) -> None:
    assert (await api.call("GET", "/channels/77")).code == 10003
    assert (await api.call("GET", f"/channels/{channel.id}/messages/77")).code == 10008
    assert (await api.call("GET", "/guilds/77")).code == 10004
    assert (await api.call("GET", f"/guilds/{guild.id}/members/77")).code == 10007
    assert (await api.call("GET", "/channels/x")).errors_at("channel_id") == ["NUMBER_TYPE_COERCE"]


async def test_the_door_refuses_what_it_does_not_know(api: Api, channel: Channel) -> None:
    assert (await api.call("GET", "/users/@me", headers={"Authorization": "Bot wrong"})).status == 401
    assert (await api.call("GET", "/nowhere")).body == {"message": "404: Not Found", "code": 0}
    assert (await api.call("PUT", f"/channels/{channel.id}/messages")).body == {"message": "405: Method Not Allowed", "code": 0}
    path = f"/channels/{channel.id}/messages"
    bad = await api.call("POST", path, data=b"{", headers={"Content-Type": "application/json"})
    assert (bad.status, bad.code) == (400, 50109)
    plain = await api.call("POST", path, data=b"content=x", headers={"Content-Type": "text/plain"})
    assert plain.errors_at() == ["CONTENT_TYPE_INVALID"]
    assert (await api.call("POST", path, [1])).errors_at() == ["DICT_TYPE_CONVERT"]


async def test_a_reply_needs_a_message_that_is_there(api: Api, channel: Channel) -> None:
    sent = await api.send(channel, content="x")
    reply = await api.send(channel, content="y", message_reference={"message_id": sent.body["id"]})
    assert (reply.body["type"], reply.body["message_reference"]["message_id"]) == (19, sent.body["id"])
    assert (await api.send(channel, content="y", message_reference={"message_id": "7"})).errors_at("message_reference")
    assert (await api.send(channel, content="y", message_reference={})).errors_at("message_reference", "message_id")


async def test_the_log_holds_bodies_and_no_token(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    await api.send(channel, content="x")
    exchange = sandbox.log[-1]
    assert (exchange.method, exchange.path, exchange.status) == ("POST", f"/channels/{channel.id}/messages", 200)
    assert exchange.body == {"content": "x"}
    assert sandbox.token not in repr(exchange)
