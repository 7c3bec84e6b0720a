from sandbox_clients import Api

from discord_sandbox.clock import ManualClock
from discord_sandbox.ratelimits import Quota, RateLimits
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild


async def test_the_headers_count_down_and_the_next_request_is_refused(
    api: Api, sandbox: Sandbox, channel: Channel, clock: ManualClock
) -> None:
    sandbox.limits.send = Quota(requests=2, seconds=5)
    first = await api.send(channel, content="1")
    clock.advance(1)
    second = await api.send(channel, content="2")
    assert [answer.headers["X-RateLimit-Remaining"] for answer in (first, second)] == ["1", "0"]
    assert first.headers["X-RateLimit-Limit"] == "2"
    assert float(second.headers["X-RateLimit-Reset-After"]) == 4
    assert float(second.headers["X-RateLimit-Reset"]) == clock().timestamp() + 4
    assert len(first.headers["X-RateLimit-Bucket"]) == 32
    third = await api.send(channel, content="3")
    assert third.status == 429
    assert third.body == {"message": "You are being rate limited.", "code": 0, "retry_after": 4.0, "global": False}
    assert third.headers["Retry-After"] == "4"
    assert third.headers["X-RateLimit-Scope"] == "user"
    assert third.headers["Via"]
    clock.advance(4)
    assert (await api.send(channel, content="4")).status == 200
    assert len(sandbox.messages(channel)) == 3


async def test_each_channel_and_each_route_has_its_own_bucket(api: Api, sandbox: Sandbox, guild: Guild, channel: Channel) -> None:
    sandbox.limits.send = Quota(requests=1, seconds=5)
    other = sandbox.create_channel(guild, "other")
    sent = await api.send(channel, content="1")
    elsewhere = await api.send(other, content="2")
    assert elsewhere.status == 200
    assert elsewhere.headers["X-RateLimit-Bucket"] == sent.headers["X-RateLimit-Bucket"]
    edited = await api.edit(channel, sent.body["id"], content="3")
    assert edited.status == 200
    assert edited.headers["X-RateLimit-Bucket"] != sent.headers["X-RateLimit-Bucket"]


async def test_all_requests_together_have_a_limit(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    sandbox.limits.everything = Quota(requests=2, seconds=1)
    await api.call("GET", "/users/@me")
    await api.call("GET", f"/channels/{channel.id}")
    answer = await api.call("GET", "/users/@me")
    assert (answer.status, answer.body["global"]) == (429, True)
    assert answer.headers["X-RateLimit-Global"] == "true"
    assert answer.headers["X-RateLimit-Scope"] == "global"


async def test_the_eleventh_message_in_an_hour_cannot_be_published(
    api: Api, sandbox: Sandbox, news: Channel, clock: ManualClock
) -> None:
    sandbox.limits.crosspost = RateLimits().crosspost
    paths: list[str] = []
    for number in range(11):
        sent = await api.send(news, content=str(number))
        paths.append(f"/channels/{news.id}/messages/{sent.body['id']}/crosspost")
    assert [(await api.call("POST", path)).status for path in paths[:10]] == [200] * 10
    answer = await api.call("POST", paths[10])
    assert (answer.status, answer.code, answer.body["retry_after"]) == (429, 20028, 3600)
    assert (answer.headers["Retry-After"], answer.headers["X-RateLimit-Scope"]) == ("1", "shared")
    clock.advance(3600)
    assert (await api.call("POST", paths[10])).status == 200


async def test_a_published_message_can_be_edited_three_times_an_hour(api: Api, sandbox: Sandbox, news: Channel) -> None:
    sandbox.limits.published_edit = RateLimits().published_edit
    sent = await api.send(news, content="x")
    await api.call("POST", f"/channels/{news.id}/messages/{sent.body['id']}/crosspost")
    answers = [await api.edit(news, sent.body["id"], content=str(number)) for number in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[3].code == 20028


async def test_messages_older_than_an_hour_can_be_edited_three_times_in_six_seconds(
    api: Api, sandbox: Sandbox, channel: Channel, clock: ManualClock
) -> None:
    sandbox.limits.old_edit = RateLimits().old_edit
    sent = await api.send(channel, content="x")
    young = [await api.edit(channel, sent.body["id"], content=str(number)) for number in range(4)]
    assert {answer.status for answer in young} == {200}
    clock.advance(60 * 60 + 1)
    old = [await api.edit(channel, sent.body["id"], content=str(number)) for number in range(4)]
    assert [answer.status for answer in old] == [200, 200, 200, 429]
    assert (old[3].code, old[3].body["retry_after"]) == (30046, 6)
    clock.advance(6)
    assert (await api.edit(channel, sent.body["id"], content="late")).status == 200


async def test_the_limit_on_publishing_can_stand_in_the_headers(api: Api, sandbox: Sandbox, news: Channel) -> None:
    sandbox.limits.crosspost, sandbox.limits.crosspost_in_headers = Quota(requests=2, seconds=3600), True
    answers = [await api.send(news, content=str(number)) for number in range(3)]
    published = [await api.call("POST", f"/channels/{news.id}/messages/{sent.body['id']}/crosspost") for sent in answers]
    assert [(answer.status, answer.headers["X-RateLimit-Remaining"]) for answer in published] == [
        (200, "1"),
        (200, "0"),
        (429, "0"),
    ]
    assert published[0].headers["X-RateLimit-Reset-After"] == "3600.000"
