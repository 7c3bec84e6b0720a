"""What another page that is open in the same browser can send, header for header, and what comes of it: nothing."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from sandbox_clients import Api

from discord_sandbox.objects.messages import message_object
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, User

OTHER = "https://news.example"
FORMS: dict[str, dict[str, Any]] = {
    "multipart": {"data": aiohttp.FormData({"payload_json": '{"content": "x"}'}, default_to_multipart=True)},
    "text": {"data": '{"content": "x"}', "headers": {"Content-Type": "text/plain"}},
    "urlencoded": {"data": {"content": "x"}},
    "json": {"json": {"content": "x"}},
    "empty": {},
}
"""What a form, or a fetch without a preflight, can send; and JSON, which wants one, for a browser that forgets it."""


async def begin(api: Api, channel: Channel, user: User) -> tuple[str, str]:
    """Call a command that the bot leaves unanswered; return the addresses of its callback and of its webhook."""
    await api.call("PUT", f"/applications/{api.sandbox.world.bot.id}/commands", [{"name": "status", "description": "How it is"}])
    with pytest.raises(TimeoutError):
        await api.sandbox.invoke("status", user=user, channel=channel, timeout=0)
    (interaction,) = api.sandbox.interactions.kept.values()
    hook = f"/webhooks/{api.sandbox.world.bot.id}/{interaction.token}"
    return f"/interactions/{interaction.id}/{interaction.token}/callback", hook


async def status(api: Api, method: str, url: str, **request: Any) -> int:
    async with api.session.request(method, url, **request) as response:
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in response.headers
        return response.status


async def test_every_sandbox_has_secrets_of_its_own() -> None:
    async with Sandbox() as one, Sandbox() as two:
        secrets = {one.token, two.token, one.key, two.key, one.page_ticket(), two.page_ticket()}
        assert len(secrets) == 6
        assert min(map(len, secrets)) >= 64


@pytest.mark.parametrize("origin", [OTHER, "null", "http://127.0.0.1:1", "http://localhost:1", "http://[::1]", "file://", ""])
async def test_a_form_of_another_page_posts_nothing_even_with_the_token(api: Api, channel: Channel, origin: str) -> None:
    for request in FORMS.values():
        headers = {"Origin": origin, "Authorization": f"Bot {api.sandbox.token}", **request.get("headers", {})}
        assert (
            await status(api, "POST", f"{api.sandbox.url}/channels/{channel.id}/messages", **request | {"headers": headers}) == 403
        )
    assert api.sandbox.messages(channel) == []
    assert api.sandbox.log == []


@pytest.mark.parametrize("site", ["cross-site", "same-site", "strange"])
async def test_whatever_a_browser_sends_for_another_page_is_refused(api: Api, site: str) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Authorization": f"Bot {api.sandbox.token}"}
    for path in ("/api/v10/users/@me", "/live/state", "/live/say", "/gateway", "/static/page.js", "/nowhere"):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            url = f"{api.sandbox.page_url}{path}?key={api.sandbox.key}"
            assert await status(api, method, url, headers=headers) == 403


@pytest.mark.parametrize(
    ("mode", "destination", "path", "code"),
    [
        ("navigate", "document", "/", 200),
        ("navigate", "iframe", "/", 403),
        ("navigate", "object", "/", 403),
        ("cors", "empty", "/", 403),
        ("navigate", "document", "/live/state", 403),
        ("navigate", "document", "/static/page.js", 403),
    ],
)
async def test_a_link_elsewhere_opens_the_page_and_nothing_else(
    api: Api, mode: str, destination: str, path: str, code: int
) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}
    assert await status(api, "GET", f"{api.sandbox.page_url}{path}?key={api.sandbox.key}", headers=headers) == code


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bot"}, {"Authorization": "Bot sandbox-token"}, {"Authorization": "Bearer {}"}]
)
async def test_without_the_token_nothing_is_done_nor_read(api: Api, channel: Channel, headers: dict[str, str]) -> None:
    given = {name: value.format(api.sandbox.token) for name, value in headers.items()}
    for request in FORMS.values():
        for path in (f"/channels/{channel.id}/messages", "/users/@me", "/nowhere"):
            sent = request | {"headers": {**request.get("headers", {}), **given}}
            assert await status(api, "POST", api.sandbox.url + path, **sent) == 401
    assert api.sandbox.messages(channel) == []
    assert {(entry.status, entry.body, entry.files) for entry in api.sandbox.log} == {(401, None, ())}


async def test_every_route_wants_the_token_but_those_with_a_token_in_their_path(api: Api) -> None:
    open_ones = {(route.method, route.template) for route in api.sandbox.routes if route.open_to_all}
    hook = "/webhooks/{webhook_id}/{webhook_token}"
    assert open_ones == {
        ("GET", "/gateway"),
        ("POST", "/interactions/{interaction_id}/{webhook_token}/callback"),
        ("POST", hook),
        *((method, hook + "/messages/{message_id}") for method in ("GET", "PATCH", "DELETE")),
    }
    for route in api.sandbox.routes:
        if not route.open_to_all:
            url = api.sandbox.url + route.template.replace("{", "").replace("}", "")
            assert await status(api, route.method, url) == 401


async def test_an_interaction_is_answered_by_its_token_and_never_for_another_page(api: Api, channel: Channel, ann: User) -> None:
    callback, hook = await begin(api, channel, ann)
    answer: dict[str, Any] = {"json": {"type": 4, "data": {"content": "x"}}}
    number, token = callback.split("/")[2:4]
    assert len(token) >= 64
    for headers in ({"Origin": OTHER}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        for path in (callback, hook, f"{hook}/messages/@original"):
            for method in ("POST", "GET", "PATCH", "DELETE"):
                assert await status(api, method, api.sandbox.url + path, **answer, headers=headers) == 403
    guess = f"/interactions/{number}/{token[:-1]}/callback"
    assert await status(api, "POST", api.sandbox.url + guess, **answer) == 404
    assert api.sandbox.messages(channel) == []
    assert await status(api, "POST", api.sandbox.url + callback, **answer) == 204


@pytest.mark.parametrize("origin", [OTHER, "null", "http://127.0.0.1:1", "http://localhost", ""])
async def test_the_gateway_opens_no_socket_for_another_page(api: Api, origin: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await api.session.ws_connect(api.sandbox.gateway_url, headers={"Origin": origin})
    assert refused.value.status == 403
    assert api.sandbox.gateway.connections == []


async def test_the_gateway_takes_no_more_connections_than_it_can_keep(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discord_sandbox.gateway.gateway._MOST_CONNECTIONS", 2)
    async with api.session.ws_connect(api.sandbox.gateway_url), api.session.ws_connect(api.sandbox.gateway_url) as last:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await api.session.ws_connect(api.sandbox.gateway_url)
        assert refused.value.status == 503
        await last.receive(timeout=5)
        await last.send_str("x" * 70_000)
        assert (await last.receive(timeout=5)).data == 1009  # too big (RFC 6455), before it is read as a whole


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("LocalHost:{port}", 200),
        ("news.example", 421),
        ("news.example:{port}", 421),
        ("127.0.0.1.news.example:{port}", 421),
        ("127.0.0.1:{port}.news.example", 421),
        ("127.0.0.1:{port}@news.example", 421),
        ("news.example@127.0.0.1:{port}", 421),
        ("localhost.:{port}", 421),
        ("localhost", 421),
        ("127.0.0.1", 421),
        ("127.0.0.1:1", 421),
        ("127.0.0.1:0{port}", 421),
        ("0.0.0.0:{port}", 421),
        ("127.1:{port}", 421),
        ("2130706433:{port}", 421),
        ("[::1]:{port}", 421),
        ("[::ffff:127.0.0.1]:{port}", 421),
        (":{port}", 421),
    ],
)
async def test_under_any_name_but_its_own_the_sandbox_answers_nothing(api: Api, channel: Channel, host: str, code: int) -> None:
    """A page whose name its owner points to this computer for a moment (DNS rebinding) asks as if it were at home there."""
    name = host.format(port=api.sandbox.port)
    headers = {"Host": name, "Origin": f"http://{name.lower()}", "Authorization": f"Bot {api.sandbox.token}"}
    paths = ("/api/v10/users/@me", f"/live/state?key={api.sandbox.key}", "/static/page.js")
    for path in paths:
        assert await status(api, "GET", api.sandbox.page_url + path, headers=headers) == code
    if code != 200:
        for path in ("/", "/gateway", "/attachments/1/2/a.png", "/nowhere"):
            assert await status(api, "GET", api.sandbox.page_url + path, headers=headers) == code
        assert (
            await status(api, "POST", f"{api.sandbox.url}/channels/{channel.id}/messages", json={"content": "x"}, headers=headers)
            == code
        )
    assert api.sandbox.messages(channel) == []


@pytest.mark.parametrize("lines", ["Host: news.example\r\nHost: {own}", "Host: {own}\r\nHost: news.example", "X: 1"])
async def test_a_request_with_two_hosts_or_none_is_refused(sandbox: Sandbox, lines: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
    own = f"127.0.0.1:{sandbox.port}"
    writer.write(f"GET /static/page.js HTTP/1.0\r\n{lines.format(own=own)}\r\n\r\n".encode())
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.split()[1] in {b"400", b"421"}


async def test_under_the_other_name_of_this_computer_the_page_goes_to_where_its_pictures_are(api: Api) -> None:
    ticket = api.sandbox.page_ticket().replace("127.0.0.1", "localhost")
    headers = {"Host": f"localhost:{api.sandbox.port}"}
    url = ticket.replace("localhost", "127.0.0.1")
    async with api.session.get(url, headers=headers, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (307, api.sandbox.page_url + "/?" + url.split("?")[1])


class TestThePagesKey:
    """Only the page that was opened by the printed address, whose key no other run has, reads and acts."""

    @pytest.mark.parametrize("key", [None, "", "wrong", "ö\ud800"])
    async def test_without_the_key_nothing_is_shown_and_nothing_done(
        self, api: Api, channel: Channel, ann: User, key: str | None
    ) -> None:
        words = {} if key is None else {"key": key.encode(errors="replace").decode()}
        own = {"Origin": api.sandbox.page_url}
        body = {"as": str(ann.id), "channel": str(channel.id), "content": "x"}
        for name in ("state", "events", "commands"):
            assert await status(api, "GET", f"{api.sandbox.page_url}/live/{name}", params=words) == 403
        for name in ("say", "command", "complete", "menu", "press", "submit"):
            assert await status(api, "POST", f"{api.sandbox.page_url}/live/{name}", params=words, json=body, headers=own) == 403
        assert api.sandbox.messages(channel) == []

    async def test_with_the_key_another_page_still_does_nothing(self, api: Api, channel: Channel, ann: User) -> None:
        url = f"{api.sandbox.page_url}/live/say?key={api.sandbox.key}"
        body = {"as": str(ann.id), "channel": str(channel.id), "content": "x"}
        for headers in ({"Origin": OTHER}, {"Origin": "null"}, {}, {"Origin": api.sandbox.page_url, "Sec-Fetch-Site": "same-site"}):
            assert await status(api, "POST", url, json=body, headers=headers) == 403
        assert await status(api, "POST", url, data=json.dumps(body), headers={"Origin": api.sandbox.page_url}) == 415
        assert await status(api, "POST", url, json=body, headers={"Origin": api.sandbox.page_url}) == 200
        assert [message["content"] for message in api.sandbox.messages(channel)] == ["x"]

    async def test_the_key_stands_behind_the_hash_of_the_printed_address_and_nowhere_else(self, api: Api, channel: Channel) -> None:
        await api.send(channel, content="x")
        assert api.sandbox.page_link == f"{api.sandbox.page_url}/#key={api.sandbox.key}"
        for path in ("/", "/static/page.js", f"/live/state?key={api.sandbox.key}"):
            async with api.session.get(api.sandbox.page_url + path) as response:
                told = await response.text() + str(response.headers)
                assert api.sandbox.key not in told
                assert api.sandbox.token not in told

    async def test_a_browser_is_started_with_an_address_that_works_once(self, api: Api) -> None:
        ticket = api.sandbox.page_ticket()
        assert api.sandbox.key not in ticket
        async with api.session.get(ticket, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (303, f"/#key={api.sandbox.key}")
        async with api.session.get(ticket, allow_redirects=False) as again:
            assert (again.status, "Location" in again.headers) == (403, False)


async def test_nothing_of_the_sandbox_is_framed_embedded_or_read_by_another_page(
    api: Api, channel: Channel, sandbox: Sandbox, ann: User
) -> None:
    message = sandbox.post_as(ann, channel, "see", {"a.png": b"png"})
    picture = message_object(sandbox.world, message)["attachments"][0]["url"]
    own = sandbox.page_url
    for url in (
        own,
        own + "/static/page.js",
        f"{own}/live/state?key={sandbox.key}",
        own + "/live/state",
        picture,
        own + "/nowhere",
        sandbox.url,
    ):
        async with api.session.get(url) as response:
            headers = response.headers
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cross-Origin-Resource-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert not [name for name in headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize(
    ("filename", "content_type", "served"),
    [
        ("a.png", "text/html", "image/png"),
        ("a.PNG", "image/png", "image/png"),
        ("a.svg", "image/svg+xml", "application/octet-stream"),
        ("a.svgz", "image/png", "application/octet-stream"),
        ("a.html", "text/html", "application/octet-stream"),
        ("a.xhtml", "application/xhtml+xml", "application/octet-stream"),
        ("a.pdf", "application/pdf", "application/octet-stream"),
        ("a.js", "text/javascript", "application/octet-stream"),
        ("a", "text/html", "application/octet-stream"),
        ("a.png.html", "image/png", "application/octet-stream"),
    ],
)
async def test_a_file_of_a_newsletter_is_a_picture_or_a_download_and_never_a_page(
    api: Api, channel: Channel, filename: str, content_type: str, served: str
) -> None:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", "{}")
    form.add_field("files[0]", b"<svg onload=alert(1)>", filename=filename, content_type=content_type)
    sent = await api.call("POST", f"/channels/{channel.id}/messages", data=form)
    async with api.session.get(sent.body["attachments"][0]["url"]) as response:
        assert response.headers["Content-Type"] == served
        assert response.headers.get("Content-Disposition") == (None if served == "image/png" else "attachment")
        policy = response.headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "sandbox"} <= set(policy)


async def test_a_page_that_does_not_read_its_changes_is_dropped_and_not_kept_waiting_for(
    sandbox: Sandbox, channel: Channel, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_sandbox.page.page._MOST_CHANGES", 3)
    async with aiohttp.ClientSession() as session, session.get(f"{sandbox.page_url}/live/events?key={sandbox.key}") as stream:
        await stream.content.readline()
        for number in range(10):  # without a pause in which the stream could be written to
            sandbox.post_as(ann, channel, f"{number}")
        async with asyncio.timeout(5):
            told = await stream.content.read()
    assert told.count(b"data: ") == 3


async def test_only_so_many_pages_are_told_of_changes(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discord_sandbox.page.page._MOST_VIEWERS", 1)
    url = f"{api.sandbox.page_url}/live/events?key={api.sandbox.key}"
    async with api.session.get(url) as stream:
        assert stream.status == 200
        assert await status(api, "GET", url) == 503
