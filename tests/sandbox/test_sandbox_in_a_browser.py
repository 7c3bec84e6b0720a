"""The page in a real browser, beside a page that attacks it. Skipped where there is no Chromium (Debian: apt install chromium):

what a browser sends is tested header for header in test_sandbox_other_pages.py, and the page's HTML in test_sandbox_hostile_texts.py.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import chromium
import pytest
from aiohttp import web
from hostile_texts import PAYLOADS, post_everywhere
from sandbox_clients import Api

from discord_sandbox.objects.messages import message_object
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild, User

ATTACK = """
(async () => {
  const [page, api, socket, message, picture] = %s;
  const attempt = async (act) => { try { return await act(); } catch { return "refused"; } };
  const post = (body, type) => attempt(async () => (await fetch(message, {
    method: "POST", mode: "no-cors", body, ...(type && { headers: { "Content-Type": type } }) })).type);
  const parts = () => { const data = new FormData(); data.append("payload_json", '{"content": "forged"}'); return data; };
  const load = (kind, properties) => new Promise((done) => {
    const element = Object.assign(document.createElement(kind), properties, { onload: () => done("loaded"), onerror: () => done("refused") });
    document.body.append(element);
  });
  const forms = ["multipart/form-data", "text/plain", "application/x-www-form-urlencoded"].map((enctype, number) => new Promise((done) => {
    const frame = Object.assign(document.createElement("iframe"), { name: `target${number}` });
    document.body.append(frame);
    const form = Object.assign(document.createElement("form"), { action: message, method: "POST", enctype, target: frame.name });
    form.append(Object.assign(document.createElement("input"), { name: "payload_json", value: '{"content": "forged"}' }));
    document.body.append(form);
    frame.onload = () => done();
    form.submit();
  }));
  await Promise.all(forms);
  const sent = [await post(parts()), await post('{"content": "forged"}', "text/plain"), await post(new URLSearchParams({ content: "forged" }))];
  return {
    sent,
    json: await attempt(async () => (await fetch(message, { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } })).status),
    read: await attempt(async () => (await fetch(page)).text()),
    script: await load("script", { src: page }),
    picture: await load("img", { src: picture }),
    frame: await load("iframe", { src: page }),
    socket: await new Promise((done) => {
      const wire = new WebSocket(socket);
      wire.onmessage = () => done("hello");
      wire.onopen = () => wire.send("x");
      wire.onerror = () => done("refused");
    }),
  };
})()
"""


@pytest.fixture(scope="module")
def devtools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        with chromium.running(tmp_path_factory.mktemp("chromium")) as address:
            yield address
    except chromium.NoBrowserError as error:
        pytest.skip(f"{error}; the same is tested without a browser in test_sandbox_other_pages.py")


@pytest.fixture
async def tab(devtools: str) -> AsyncIterator[chromium.Tab]:
    async with chromium.tab(devtools) as opened:
        yield opened


@asynccontextmanager
async def serving(*routes: web.RouteDef) -> AsyncIterator[int]:
    """Serve another site on this computer; yield its port."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def empty_page(_: web.Request) -> web.Response:
    return web.Response(text="<!doctype html><title>News</title><body>", content_type="text/html")


async def greet(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str("hello")
    await socket.close()
    return socket


async def test_the_attack_reaches_a_server_that_does_not_look(tab: chromium.Tab) -> None:
    """What makes the next test worth something."""
    posted: list[str] = []

    async def post(request: web.Request) -> web.Response:
        posted.append(request.content_type)
        return web.Response(text="taken")

    async def script(_: web.Request) -> web.Response:
        return web.Response(text="1", content_type="text/javascript", headers={"Access-Control-Allow-Origin": "*"})

    async def picture(_: web.Request) -> web.Response:
        return web.Response(text='<svg xmlns="http://www.w3.org/2000/svg"/>', content_type="image/svg+xml")

    routes = [web.post("/post", post), web.get("/page", script), web.get("/picture", picture), web.get("/socket", greet)]
    async with serving(*routes, web.get("/", empty_page)) as victim, serving(web.get("/", empty_page)) as port:
        await tab.open(f"http://news.example:{port}/")
        own = f"127.0.0.1:{victim}"
        addresses = [f"http://{own}/page", "", f"ws://{own}/socket", f"http://{own}/post", f"http://{own}/picture"]
        told = await tab.run(ATTACK % json.dumps(addresses))
    assert told["sent"] == ["opaque"] * 3
    assert [told[name] for name in ("read", "script", "picture", "socket")] == ["1", "loaded", "loaded", "hello"]
    assert sorted(posted) == sorted(["multipart/form-data", "text/plain", "application/x-www-form-urlencoded"] * 2)


@pytest.mark.parametrize("site", ["news.example", "127.0.0.1", "localhost"])
async def test_another_page_neither_posts_nor_reads_nor_frames_nor_listens(
    tab: chromium.Tab, api: Api, sandbox: Sandbox, channel: Channel, ann: User, site: str
) -> None:
    message = sandbox.post_as(ann, channel, "before", {"a.png": b"png"})
    picture = message_object(sandbox.world, message)["attachments"][0]["url"]
    async with serving(web.get("/", empty_page)) as port:
        await tab.open(f"http://{site}:{port}/")
        page = f"{sandbox.page_url}/live/state?key={sandbox.key}"  # even if it had been told the key
        post = f"{sandbox.url}/channels/{channel.id}/messages"
        told = await tab.run(ATTACK % json.dumps([page, sandbox.url, sandbox.gateway_url, post, picture]))
        assert [told[name] for name in ("json", "read", "script", "picture", "socket")] == ["refused"] * 5
        # The tree tells of the frames that share the page's process: those of its own site.
        frames = {"chrome-error://chromewebdata/"} if site == "127.0.0.1" else set[str]()
        assert {frame["url"] for frame in await tab.frames()} == frames
    assert [shown["content"] for shown in sandbox.messages(channel)] == ["before"]
    assert sandbox.gateway.connections == []
    assert sandbox.log == []
    assert (await api.send(channel, content="after")).status == 200


async def test_a_name_that_comes_to_lead_to_this_computer_shows_nothing(
    tab: chromium.Tab, sandbox: Sandbox, channel: Channel
) -> None:
    for path in ("/", f"/live/state?key={sandbox.key}", f"/api/v10/channels/{channel.id}/messages"):
        await tab.open(f"http://rebound.example:{sandbox.port}{path}")
        assert "this request names another host" in await tab.run("document.body.innerText")


async def test_the_page_is_opened_by_a_ticket_once_and_people_speak_in_it(
    tab: chromium.Tab, sandbox: Sandbox, channel: Channel, ann: User
) -> None:
    ticket = sandbox.page_ticket().replace("127.0.0.1", "localhost")
    sandbox.post_as(ann, channel, "for all", {"a.png": b"png"})
    await tab.open(ticket)
    await tab.until("document.getElementById('state')?.textContent === 'live'")
    await tab.until("document.getElementById('messages').innerText.includes('for all')")
    assert await tab.run("location.origin") == sandbox.page_url
    say = "(document.getElementById('typed').value = 'hello', document.getElementById('box').requestSubmit())"
    await tab.run(say)
    await tab.until("document.getElementById('messages').innerText.includes('hello')")
    assert [shown["content"] for shown in sandbox.messages(channel)] == ["for all", "hello"]
    await tab.run("location.reload()")
    await tab.until("document.getElementById('state')?.textContent === 'live'")
    await tab.open(ticket)
    assert "has been opened before" in await tab.run("document.body.innerText")
    await tab.open(sandbox.page_url)
    await tab.until("document.getElementById('state')?.textContent.includes('The key is missing')")


async def test_no_text_of_a_newsletter_runs_in_the_page(
    tab: chromium.Tab, sandbox: Sandbox, guild: Guild, channel: Channel
) -> None:
    post_everywhere(sandbox, guild, channel)
    await tab.open(sandbox.page_link)
    await tab.until("document.querySelectorAll('.message').length > 0 && document.getElementById('state').textContent === 'live'")
    assert await tab.run("document.querySelectorAll('.message').length") >= len(PAYLOADS)
    assert await tab.run("typeof hacked") == "undefined"
    bad = (
        "document.querySelectorAll('.message :is(script, iframe, object, embed, form, base, link, meta, style, svg, math)').length"
    )
    assert await tab.run(bad) == 0
    own = "[...element.attributes].every(({ name, value }) => !name.startsWith('on') && (name !== 'href' || /^(https?|mailto):/.test(value)))"
    assert await tab.run(f"[...document.querySelectorAll('.message *')].every((element) => {own})")
