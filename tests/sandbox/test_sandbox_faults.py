import asyncio

import aiohttp
import pytest
from sandbox_clients import Api

from discord_sandbox.faults import Close, Cue, Headers, Hold, Malformed, Raw, Respond, TooMany
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel

SEND = "/channels/*/messages"


def contents(sandbox: Sandbox, channel: Channel) -> list[str]:
    return [message["content"] for message in sandbox.messages(channel)]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_failure_comes_instead_of_the_work_or_after_it(api: Api, sandbox: Sandbox, channel: Channel, moment: str) -> None:
    sandbox.faults.add("POST", SEND, Respond(status=502, after_work=moment == "after"))
    answer = await api.send(channel, content="x")
    assert answer.status == 502
    assert contents(sandbox, channel) == (["x"] if moment == "after" else [])


async def test_an_answer_carries_code_and_message(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    sandbox.faults.add("POST", SEND, Respond(status=400, code=240000, message="Harmful link"))
    assert (await api.send(channel, content="x")).body == {"message": "Harmful link", "code": 240000}


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_cut_connection_leaves_the_client_in_the_dark(api: Api, sandbox: Sandbox, channel: Channel, moment: str) -> None:
    sandbox.faults.add("POST", SEND, Close(after_work=moment == "after"))
    with pytest.raises(aiohttp.ClientConnectionError):
        await api.send(channel, content="x")
    assert contents(sandbox, channel) == (["x"] if moment == "after" else [])
    assert sandbox.log[-1].status is None
    assert (await api.send(channel, content="y")).status == 200


async def test_a_rule_counts_the_requests_that_match_it(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    sandbox.faults.add("POST", SEND, Respond(status=500), nth=2, times=2)
    statuses = [(await api.send(channel, content=str(number))).status for number in range(4)]
    assert statuses == [200, 500, 500, 200]


async def test_a_rule_matches_its_method_and_path_only(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    sandbox.faults.add("PATCH", "/channels/*/messages/*", Respond(status=500), times=None)
    sandbox.faults.add("*", "/guilds/**", Respond(status=503), times=None)
    sent = await api.send(channel, content="x")
    assert sent.status == 200
    assert [(await api.edit(channel, sent.body["id"], content="y")).status for _ in range(3)] == [500] * 3
    assert (await api.call("GET", "/guilds/1/roles")).status == 503
    sandbox.faults.clear()
    assert (await api.edit(channel, sent.body["id"], content="y")).status == 200


async def test_a_429_may_disagree_with_itself(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    sandbox.faults.add("POST", SEND, TooMany(retry_after=1163.1, header=1, scope="shared", code=20028))
    answer = await api.send(channel, content="x")
    assert (answer.status, answer.code, answer.body["retry_after"]) == (429, 20028, 1163.1)
    assert (answer.headers["Retry-After"], answer.headers["X-RateLimit-Scope"]) == ("1", "shared")
    sandbox.faults.add("POST", SEND, TooMany(retry_after=0.5, scope="global"))
    everywhere = await api.send(channel, content="x")
    assert (everywhere.body["global"], everywhere.headers["X-RateLimit-Global"]) == (True, "true")


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_request_waits_until_it_is_released(api: Api, sandbox: Sandbox, channel: Channel, moment: str) -> None:
    hold = Hold(after_work=moment == "after")
    sandbox.faults.add("POST", SEND, hold)
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(api.send(channel, content="x"))
        await hold.reached.wait()
        assert contents(sandbox, channel) == (["x"] if moment == "after" else [])
        hold.released.set()
        assert (await sending).status == 200
    assert contents(sandbox, channel) == ["x"]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_cue_is_given_at_a_request_which_goes_on_or_is_cut(
    api: Api, sandbox: Sandbox, channel: Channel, moment: str
) -> None:
    found: list[list[str]] = []

    def at() -> None:
        found.append(contents(sandbox, channel))

    sandbox.faults.add("POST", SEND, Cue(at=at, after_work=moment == "after"))
    assert (await api.send(channel, content="x")).status == 200
    sandbox.faults.add("POST", SEND, Cue(at=at, after_work=moment == "after", close=True))
    with pytest.raises(aiohttp.ClientConnectionError):
        await api.send(channel, content="y")
    assert found == ([["x"], ["x", "y"]] if moment == "after" else [[], ["x"]])
    assert contents(sandbox, channel) == (["x", "y"] if moment == "after" else ["x"])


async def test_a_body_may_be_malformed(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    sandbox.faults.add("POST", SEND, Malformed())
    with pytest.raises(ValueError, match="Expecting value"):
        await api.send(channel, content="x")
    sandbox.faults.add("POST", SEND, Malformed(body=b"<html>", content_type="text/html"))
    assert (await api.send(channel, content="x")).body == "<html>"


async def test_an_answer_is_exactly_what_was_asked_for_and_nothing_is_done(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    ban = Raw(status=429, body=b"error code: 1015", content_type="text/plain", headers={"Via": None, "Retry-After": "600"})
    sandbox.faults.add("POST", SEND, ban)
    url = f"{sandbox.url}/channels/{channel.id}/messages"
    async with api.session.post(url, json={"content": "x"}, headers={"Authorization": f"Bot {sandbox.token}"}) as answer:
        assert (answer.status, await answer.read()) == (429, b"error code: 1015")
        assert (answer.headers["Retry-After"], answer.headers.get("Via")) == ("600", None)
    assert sandbox.messages(channel) == []


async def test_headers_come_beside_the_answer(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    sandbox.faults.add("POST", SEND, Headers(headers={"X-RateLimit-Remaining": "abc"}))
    answer = await api.send(channel, content="x")
    assert (answer.status, answer.headers["X-RateLimit-Remaining"]) == (200, "abc")
    assert len(sandbox.messages(channel)) == 1
