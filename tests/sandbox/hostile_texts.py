"""Texts by which a newsletter would like to write HTML, in every place of a message that holds a text."""

from typing import Any

from discord_sandbox.changes import store
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild, Message

_RUN = "hacked=1"
PAYLOADS = [
    f"<script>{_RUN}</script>",
    f"<img src=x onerror={_RUN}>",
    f"<svg/onload={_RUN}>",
    f'"><img src=x onerror={_RUN}>',
    f"'><svg onload={_RUN}>",
    f'" onmouseover="{_RUN}" x="',
    f"' onfocus='{_RUN}' autofocus x='",
    f"`onclick={_RUN}`",
    f"[click](javascript:{_RUN})",
    f"[click](JaVaScRiPt:{_RUN})",
    f"[click](java\tscript:{_RUN})",
    f"[click](\x01javascript:{_RUN})",
    f"[click](data:text/html,<script>{_RUN}</script>)",
    f"[click](vbscript:{_RUN})",
    f"<javascript:{_RUN}>",
    f'[click](https://example.org/"onmouseover="{_RUN}")',
    f"[click](https://example.org/'onmouseover='{_RUN}')",
    f'https://example.org/"onmouseover="{_RUN}"',
    f"<https://example.org/\"onmouseover='{_RUN}'>",
    f"[<img src=x onerror={_RUN}>](https://example.org/)",
    f"[a [b](https://example.org/\"onclick='{_RUN}')](https://example.org/)",
    f"```\n</code></pre><script>{_RUN}</script>\n```",
    f'```"onclick={_RUN}\n<script>{_RUN}</script>```',
    f"`</code><script>{_RUN}</script>`",
    f"**<b onclick={_RUN}>** __<u>__ ~~<s>~~ ||</span><script>{_RUN}</script>||",
    f"# <script>{_RUN}</script>\n> <script>{_RUN}</script>\n- <script>{_RUN}</script>\n-# <script>{_RUN}</script>",
    f'<t:1:R onclick="{_RUN}"> <t:9999999999999999999999999999:F>',
    f'</x"onclick="{_RUN}":1> </<script>:1>',
    f'<@1"onclick="{_RUN}"> <#1> <@&1>',
    f"\\<script>{_RUN}\\</script>",
    f"&lt;script&gt;{_RUN}&lt;/script&gt; &#60;script&#62; &quot;onclick=&quot;",
    f"<a href='https://example.org' onclick={_RUN} style=animation-name:x onanimationstart={_RUN}>x</a>",
    f"<!--><script>{_RUN}</script>--> <![CDATA[<script>{_RUN}</script>]]>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={_RUN}>",
    f"<noscript><p title='</noscript><img src=x onerror={_RUN}>'>",
    f"\u2028<script>{_RUN}</script>\u2029 \x00<script\x00>{_RUN}</script>",
    f"${{{_RUN}}} {{{{constructor.constructor('{_RUN}')()}}}}",
]


def embed(text: str) -> dict[str, Any]:
    """Return an embed with a text in every place."""
    short = text[:250]
    return {
        "title": short,
        "description": text,
        "url": "https://example.org/?" + short,
        "author": {"name": short, "url": "https://example.org/#" + short, "icon_url": "https://example.org/" + short},
        "footer": {"text": text},
        "image": {"url": "https://example.org/'" + short, "description": text},
        "thumbnail": {"url": 'https://example.org/"' + short},
        "fields": [{"name": short, "value": text}],
    }


def components(text: str) -> list[dict[str, Any]]:
    """Return components of every kind with a text in every place."""
    short = text[:70]
    options = [{"label": short, "value": short, "description": short}]
    emoji = {"name": short}
    media = {"media": {"url": "https://example.org/'" + short}, "description": text}
    return [
        {"type": 10, "content": text},
        {"type": 12, "items": [media]},
        {"type": 9, "components": [{"type": 10, "content": text}], "accessory": {"type": 11, **media}},
        {
            "type": 1,
            "components": [
                {"type": 2, "style": 5, "label": short, "url": "https://example.org/\"'" + short, "emoji": emoji},
                {"type": 2, "style": 1, "label": short, "custom_id": short, "emoji": emoji | {"id": "1"}},
            ],
        },
        {
            "type": 1,
            "components": [{"type": 3, "custom_id": "a" + short, "placeholder": short, "options": options, "min_values": 1}],
        },
        {"type": 1, "components": [{"type": 3, "custom_id": "b" + short, "max_values": 1, "min_values": 0, "options": options}]},
        {"type": 1, "components": [{"type": 6, "custom_id": "c" + short}]},
        {"type": 13, "file": {"url": 'https://example.org/"' + text}, "name": text},
    ]


def post_everywhere(sandbox: Sandbox, guild: Guild, channel: Channel) -> None:
    """Say every payload in every place, as names of people, roles and channels too, past every check of the API."""
    world = sandbox.world
    for text in PAYLOADS:
        sandbox.create_channel(guild, text, topic=text)
        role = sandbox.create_role(guild, text)
        user = sandbox.create_user(guild, text, roles=[role])
        for name in (text + ".png", text + ".html", text + ".svg"):
            sandbox.post_as(
                user, channel, f"{text} <@{user.id}> <@&{role.id}> <#{channel.id}>", {name: b"<script>hacked=1</script>"}
            )
        for parts in ({"embeds": [embed(text)]}, {"components": components(text), "flags": 1 << 15}):
            message = Message(
                id=world.new_id(), channel_id=channel.id, author=user, created_at=world.clock(), content=text, **parts
            )
            store(world, channel, message)
