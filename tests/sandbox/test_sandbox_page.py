import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_clients import Api

from discord_sandbox.page.markdown import render
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, User

URL = "https://example.org/"


def name(kind: str, number: int) -> str:
    return f"{kind}{number}"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**b** *i* __u__ ~~s~~ `c` _i_", "<p><strong>b</strong> <em>i</em> <u>u</u> <s>s</s> <code>c</code> <em>i</em></p>"),
        ("a\nb", "<p>a<br>b</p>"),
        ("# H\ntext", "<h1>H</h1><p>text</p>"),
        ("#### no heading", "<p>#### no heading</p>"),
        ("-# small", "<small>small</small>"),
        ("> q\n> r", "<blockquote><p>q<br>r</p></blockquote>"),
        (">>> q\nr", "<blockquote><p>q<br>r</p></blockquote>"),
        ("```py\nx < 1\n```", "<pre><code>x &lt; 1</code></pre>"),
        (r"\*not\* snake_case_name", "<p>*not* snake_case_name</p>"),
        (
            "<@5> <@&6> <#7>",
            '<p><span class="mention">@5</span> <span class="mention">@&amp;6</span> <span class="mention">#7</span></p>',
        ),
        ("> a\n> > b", "<blockquote><p>a<br>&gt; b</p></blockquote>"),
        ("</issue show:5>", '<p><span class="mention">/issue show</span></p>'),
        (
            "<t:60> <t:61:R>",
            '<p><time data-moment="60" data-style="f">60</time> <time data-moment="61" data-style="R">61</time></p>',
        ),
        ("||secret||", '<p><span class="spoiler">secret</span></p>'),
        ("**a *b* c**", "<p><strong>a <em>b</em> c</strong></p>"),
    ],
)
def test_discord_markdown_is_shown(text: str, html: str) -> None:
    assert render(text, name) == html


def test_links_are_shown_masked_bare_and_bracketed() -> None:
    link = f'<a href="{URL}a_(b)" target="_blank" rel="noopener noreferrer">'
    assert render(f"[**t**]({URL}a_(b))", name) == f"<p>{link}<strong>t</strong></a></p>"
    bare = f'<a href="{URL}" target="_blank" rel="noopener noreferrer">{URL}</a>'
    assert render(f"{URL}. <{URL}>", name) == f"<p>{bare}. {bare}</p>"


def test_lists_are_shown_with_their_marks() -> None:
    html = render("- a\n  - b\n3. c", name)
    assert [part in html for part in ("<i>•</i><span>a", "--depth:1", "<i>◦</i><span>b", "<i>3.</i><span>c")] == [True] * 4


@given(st.text(alphabet=st.sampled_from("<>&\"'*_`~|[]()#-\\ \nab:/h.t"), max_size=60))
def test_no_html_of_a_message_survives(text: str) -> None:
    html = render(f"<script>{text}</script>", name)
    assert "<script" not in html
    assert "</script" not in html


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        '[x](https://a/"onmouseover="alert(1))',
        "```<b>```",
        "`<b>`",
        "# <b>",
        '<https://a"onclick=b>',
    ],
)
def test_attacks_stay_text(text: str) -> None:
    html = render(text, name)
    assert "<b>" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert '" on' not in html.replace("&quot;", "")
    assert '"on' not in html


async def get(api: Api, path: str) -> tuple[int, str, Any]:
    async with api.session.get(api.sandbox.page_url + path, params={"key": api.sandbox.key}) as response:
        return response.status, await response.text(), response.headers


async def test_the_page_and_its_files_are_served_and_load_nothing_from_elsewhere(api: Api) -> None:
    status, html, headers = await get(api, "/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "http" not in html
    for asset in ("/static/page.css", "/static/page.js"):
        assert asset in html
        status, text, _ = await get(api, asset)
        assert status == 200
        assert "https://" not in text
    for part in ("wire", "box", "answers"):
        assert f'from "./{part}.js"' in (await get(api, "/static/page.js"))[1]
        assert (await get(api, f"/static/{part}.js"))[2]["Content-Type"] == "text/javascript; charset=utf-8"
    assert (await get(api, "/static/..%2Fserver.py"))[0] == 404


async def test_the_page_shows_channels_messages_and_embeds(api: Api, channel: Channel, news: Channel) -> None:
    embed = {
        "title": "A *title* <b>",
        "url": URL,
        "description": "**bold**",
        "color": 255,
        "author": {"name": "<i>me"},
        "footer": {"text": "foot"},
        "image": {"url": URL + "i.png", "description": 'a "picture"'},
        "fields": [{"name": "n", "value": "v"}],
    }
    await api.send(news, content="<b>hi</b>", embeds=[embed])
    state = json.loads((await get(api, "/live/state"))[1])
    assert [(place["mark"], place["name"]) for place in state["channels"]] == [("#", channel.name), ("📣", news.name)]
    html = state["messages"][0]["html"]
    for part in (
        "&lt;b&gt;hi&lt;/b&gt;",
        f'<a href="{URL}" target="_blank" rel="noopener noreferrer">A <em>title</em> &lt;b&gt;</a>',
        "<strong>bold</strong>",
        "#0000ff",
        "&lt;i&gt;me",
        f'<img src="{URL}i.png" alt="a &quot;picture&quot;"',
        "<footer>foot</footer>",
    ):
        assert part in html


async def test_changes_are_told_live(api: Api, sandbox: Sandbox, channel: Channel, ann: User) -> None:
    async with api.session.get(sandbox.page_url + "/live/events", params={"key": sandbox.key}) as stream:
        assert stream.content_type == "text/event-stream"

        async def change() -> Any:
            while not (line := await stream.content.readline()).startswith(b"data: "):
                pass
            return json.loads(line.removeprefix(b"data: "))

        await stream.content.readline()
        sent = await api.send(channel, content="one")
        created = await change()
        assert (created["kind"], created["id"], created["channel"]) == ("message", sent.body["id"], str(channel.id))
        await api.edit(channel, sent.body["id"], content="two")
        assert "<p>two</p>" in (await change())["html"]
        await api.call("DELETE", f"/channels/{channel.id}/messages/{sent.body['id']}")
        assert await change() == {"kind": "gone", "ids": [sent.body["id"]]}
        sandbox.create_channel(sandbox.world.guilds[channel.guild_id], "new")
        assert await change() == {"kind": "channels"}
        sandbox.post_as(ann, channel, "hello", {"a.png": b"png"})
        assert "<img" in (await change())["html"]


async def test_components_are_shown(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    inner = [{"type": 10, "content": "# Text"}, {"type": 12, "items": [{"media": {"url": URL}}]}, {"type": 14}]
    button = {"type": 1, "components": [{"type": 2, "style": 5, "label": "<Go>", "url": URL}]}
    await api.send(channel, flags=1 << 15, components=[{"type": 17, "components": [*inner, button]}])
    html = json.loads((await get(api, "/live/state"))[1])["messages"][0]["html"]
    assert [part in html for part in ("<h1>Text</h1>", "<img", "<hr>", "&lt;Go&gt;")] == [True] * 4
    assert len(sandbox.messages(channel)) == 1
