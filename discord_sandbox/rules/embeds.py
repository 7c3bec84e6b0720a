"""What an embed may be (docs, *Message resource*, Embed Limits)."""

from typing import Final

from discord_sandbox.api_errors import Json
from discord_sandbox.rules.form import Form

EMBEDS: Final = 10
EMBED_TOTAL: Final = 6000
URL: Final = 2048
_IMAGE_SCHEMES: Final = ("http", "https", "attachment")
_LINK_SCHEMES: Final = ("http", "https")


def read_embed(form: Form) -> Json:
    """Read an embed; what bots cannot set is ignored."""
    embed: Json = {
        "title": form.text("title", most=256),
        "description": form.text("description", most=4096),
        "url": form.url("url", schemes=_LINK_SCHEMES, most=URL),
        "timestamp": form.instant("timestamp"),
        "color": form.integer("color", least=0, most=0xFFFFFF),
    }
    for part in ("image", "thumbnail"):
        image = form.child(part)
        if image:
            url = image.url("url", schemes=_IMAGE_SCHEMES, most=URL, required=True)
            embed[part] = _filled({"url": url, "description": image.text("description", most=4096)})
    author = form.child("author")
    if author:
        embed["author"] = _filled(
            {
                "name": author.text("name", most=256, required=True),
                "url": author.url("url", schemes=_LINK_SCHEMES, most=URL),
                "icon_url": author.url("icon_url", schemes=_IMAGE_SCHEMES, most=URL),
            }
        )
    footer = form.child("footer")
    if footer:
        text = footer.text("text", most=2048, required=True)
        embed["footer"] = _filled({"text": text, "icon_url": footer.url("icon_url", schemes=_IMAGE_SCHEMES, most=URL)})
    embed["fields"] = [
        {
            "name": field.text("name", most=256, required=True) or "",
            "value": field.text("value", most=1024, required=True) or "",
            "inline": bool(field.boolean("inline")),
        }
        for field in form.children("fields", most=25) or ()
    ]
    return _filled(embed)


def _filled(part: Json) -> Json:
    return {name: value for name, value in part.items() if value not in (None, "", [], {})}


def embed_texts(embed: Json) -> list[str]:
    """Return the texts of an embed that count towards the 6000."""
    texts = [embed.get("title"), embed.get("description"), embed.get("author", {}).get("name"), embed.get("footer", {}).get("text")]
    for field in embed.get("fields", ()):
        texts += [field["name"], field["value"]]
    return [text for text in texts if text]


def read_embeds(form: Form) -> list[Json]:
    """Read the embeds; one without anything in it vanishes."""
    embeds = [read_embed(child) for child in form.children("embeds", most=EMBEDS) or ()]
    total = sum(len(text) for embed in embeds for text in embed_texts(embed))
    if total > EMBED_TOTAL:
        form.fault("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_TOTAL}")
    return [embed for embed in embeds if embed]
