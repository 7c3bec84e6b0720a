"""Two readers that know nothing of each other: what a site shows of a Markdown text, and what a channel shows of its posts."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bs4 import BeautifulSoup
from bs4.element import Comment, NavigableString, Tag
from markdown_it import MarkdownIt

from discord_sandbox.page.markdown import render
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.composition import Composition
from heartbeat_bot.rendering.nodes import count_nodes
from heartbeat_bot.rendering.post import COVER, Post, is_of, texts

WORD = re.compile(r"[^\W_]+")
_SITE = MarkdownIt("commonmark", {"html": True, "tasklists": True, "alerts": True}).enable(["table", "strikethrough"])
_UNSEEN = (
    "script",
    "style",
    "template",
    "noscript",
    "head",
    "title",
    "svg",
    "iframe",
    "video",
    "audio",
    "object",
    "math",
    "textarea",
)
_INLINE = frozenset(
    {"a", "abbr", "b", "code", "em", "i", "kbd", "mark", "s", "small", "span", "strong", "sub", "sup", "u", "del", "ins"}
)


def bounds(composition: Composition) -> Iterator[tuple[str, int, int]]:
    """Yield the key of each section, how many messages it takes, and the fewest that could hold its embeds, whatever the packing."""
    for key in (COVER, *(key for _, key in composition.firsts)):
        posts = [post for post in composition.posts if is_of(post.key, {key})]
        embeds = [embed for post in posts for embed in post.embeds]
        size = sum(len(text.encode()) for post in posts for text in texts(post.body()))
        need = (
            -(-sum(embed.characters for embed in embeds) // limits.EMBED_TOTAL),
            -(-size // limits.MESSAGE_BYTES),
            -(-sum(embed.image is not None for embed in embeds) // limits.EMBEDS),
        )
        yield key, len(posts), max(1, *need)


def site_html(markdown: str) -> BeautifulSoup:
    """Return what a site makes of a text, without what nobody sees."""
    soup = BeautifulSoup(_SITE.render(markdown), "lxml")
    for node in list(soup.find_all(string=True)):
        if type(node) is not NavigableString or isinstance(node, Comment):
            node.extract()
    for element in soup.find_all(_UNSEEN):
        element.decompose()
    for image in soup.find_all("img"):
        image.replace_with(f" {image.get('alt') or ''} ")
    return soup


def channel_html(posts: Iterable[Post]) -> BeautifulSoup:
    """Return what the sandbox's page makes of posts, one after the other."""
    return BeautifulSoup("".join(f"<div>{part}</div>" for post in posts for part in _parts(post.body())), "lxml")


def _parts(body: Mapping[str, Any]) -> Iterator[str]:
    def name(kind: str, number: int) -> str:
        return f"{kind}{number}"

    yield render(body["content"], name)
    for embed in body["embeds"]:
        title = render(embed.get("title", ""), name, blocks=False)
        yield f'<a href="{embed["url"]}">{title}</a>' if "url" in embed else title
        yield render(embed.get("description", ""), name)


def words(soup: Tag) -> list[str]:
    """Return the words that are seen, in order; what is not a letter or digit parts them, but for invisible characters."""
    for marker in soup.select(".item > i"):
        marker.extract()
    for element in soup.find_all(lambda tag: tag.name not in _INLINE):
        element.append("\n")
        element.insert_before("\n")
    text = unicodedata.normalize("NFKC", soup.get_text().replace("\u200b", "")).replace("−", "-")
    return WORD.findall(text)


def hrefs(soup: Tag) -> set[str]:
    """Return the addresses of links."""
    return {str(link["href"]) for link in soup.find_all("a", href=True)}


def missing(needed: Iterable[str], there: Iterable[str]) -> list[str]:
    """Return the words that are not there, in their order."""
    rest = list(there)
    lost: list[str] = []
    position = 0
    for word in needed:
        try:
            position = rest.index(word, position) + 1
        except ValueError:
            lost.append(word)
    return lost


def broken_limits(post: Post) -> list[str]:
    """Name the limits of Discord that a post does not keep."""
    body = post.body()
    checks = {
        "content": len(body["content"]) <= limits.CONTENT,
        "embeds": len(post.embeds) <= limits.EMBEDS,
        "total": sum(embed.characters for embed in post.embeds) <= limits.EMBED_TOTAL,
        "description": all(len(embed.description) <= limits.EMBED_DESCRIPTION for embed in post.embeds),
        "title": all(len(embed.title) <= limits.EMBED_TITLE for embed in post.embeds),
        "bytes": sum(len(text.encode()) for text in texts(body)) <= limits.MESSAGE_BYTES,
        "nodes": all(count_nodes(text) < limits.NODES for text in texts(body)),
        "urls": all(
            len(embed.url) <= limits.URL and (not embed.image or len(embed.image.url) <= limits.URL) for embed in post.embeds
        ),
        "empty": bool(body["content"].strip() or body["embeds"]),
        "blank embed": all(embed.title.strip() or embed.description.strip() or embed.image for embed in post.embeds),
        "distinct urls": _distinct(post),
    }
    return [name for name, good in checks.items() if not good]


def _distinct(post: Post) -> bool:
    """Tell whether no two embeds that say something share an address: Discord would show the first only."""
    urls = [embed.url for embed in post.embeds if embed.url and (embed.title or embed.description)]
    return len(urls) == len(set(urls))
