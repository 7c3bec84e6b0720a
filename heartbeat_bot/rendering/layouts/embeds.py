"""An issue → its posts in the layout `embeds`: a cover, then a message (or as few as hold it) per section."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from bs4.element import Tag

from heartbeat_bot.issues.issue import Issue, Section
from heartbeat_bot.issues.metadata import DESCRIPTION_KEYS, PICTURE_KEYS
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.issues.tree import has_any
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.composition import Composition
from heartbeat_bot.rendering.dialect import escape, heading_line
from heartbeat_bot.rendering.hosts import another_host
from heartbeat_bot.rendering.links import Links, is_vector, is_web, link_finding
from heartbeat_bot.rendering.pack import PackedPost, Room, pack
from heartbeat_bot.rendering.pieces import Piece, PieceContext, Text, Title, heading_pictures, pieces
from heartbeat_bot.rendering.plain import shortened
from heartbeat_bot.rendering.post import COVER, Embed, EmbedImage, File, Jump, Post, PostKey
from heartbeat_bot.rendering.split import LineKind

_JUMP_LABEL: Final = 80
_JUMP_ROOM: Final = 2400
_MESSAGE_URL: Final = len("https://discord.com/channels/") + 3 * 20 + 2
_IN_LABEL = re.compile(r"[*_`~|\[\]<>\\]|https?://|@(?=everyone|here)|:(?=[A-Za-z0-9_+-]+:)")


def compose(
    issue: Issue,
    *,
    site: str = "",
    page: str = "",
    images: str = "",
    ping: int | None = None,
    files: Mapping[str, File] | None = None,
) -> Composition:
    """Compose the posts of an issue.

    ``site`` is the site's URL, ``page`` the issue's own, ``images`` the base of relative pictures (all "" when unknown); ``ping`` is the
    role that the cover mentions. ``files`` maps the targets of pictures (see :func:`picture_targets`) to the files that are uploaded
    with the messages that show them.
    """
    files = files or {}
    links = Links(site=site, page=page, images=images, files={target: file.name for target, file in files.items()})
    context = PieceContext(links=links)
    taken: set[str] = {COVER}
    posts: list[Post] = []
    jumps: list[Jump] = []
    firsts: list[tuple[Tag, PostKey]] = []
    for section in issue.sections:
        key = _unique(section.anchor or "section", taken)
        if drafts := pack(*_section(section, context)):
            firsts.append((section.heading, key))
            label = shortened(_IN_LABEL.sub("", section.title), _JUMP_LABEL) or "…"
            jumps.append(Jump(label=label, to=key))
            posts += _posts(key, drafts, section.title)
    cover = _cover(issue, context, _fitting(jumps), ping)
    by_url = {f"attachment://{file.name}": file for file in files.values()}
    whole = tuple(_with_files(post, by_url) for post in (*cover, *posts))
    return Composition(posts=whole, findings=tuple(context.findings), firsts=tuple(firsts))


def _unique(key: str, taken: set[str]) -> PostKey:
    name, number = key, 1
    while name in taken:
        number += 1
        name = f"{key}~{number}"
    taken.add(name)
    return PostKey(name)


def _posts(key: PostKey, drafts: Sequence[PackedPost], title: str = "") -> list[Post]:
    """Make posts of the messages of a section, the further ones numbered."""
    keys = [key, *(PostKey(f"{key}/{number}") for number in range(2, len(drafts) + 1))]
    return [
        Post(key=own, content=draft.content, embeds=tuple(draft.embeds), title=title)
        for own, draft in zip(keys, drafts, strict=True)
    ]


def _with_files(post: Post, by_url: Mapping[str, File]) -> Post:
    """Add the files that a post's embeds show, each once."""
    shown = dict.fromkeys(embed.image.url for embed in post.embeds if embed.image and embed.image.url in by_url)
    return replace(post, files=tuple(by_url[url] for url in shown)) if shown else post


# -- the cover --------------------------------------------------------------------------------------------------------


def _fitting(jumps: Sequence[Jump]) -> tuple[Jump, ...]:
    """Return as many jump links as the cover has room for."""
    used = accumulate(map(_length, jumps))
    return tuple(jump for jump, end in zip(jumps, used, strict=True) if end <= _JUMP_ROOM) if len(jumps) > 1 else ()


def _length(jump: Jump) -> int:
    return len(jump.label) + _MESSAGE_URL + len("- []()\n")


def _cover(issue: Issue, context: PieceContext, jumps: tuple[Jump, ...], ping: int | None) -> list[Post]:
    reserved = sum(map(_length, jumps)) + 40 if jumps else 0
    title = escape(issue.title)
    most = limits.EMBED_DESCRIPTION - reserved
    description = _description(issue, context, most)
    if len(title) > limits.EMBED_TITLE:
        description = f"**{title}**\n{description}"[:most]
        title = title[: limits.EMBED_TITLE - 1].rstrip("\\ ") + "…"
    embed = Embed(
        title=title,
        url=context.links.page,
        description=description,
        image=_image(issue, context),
        author=", ".join(issue.authors)[: limits.EMBED_AUTHOR_NAME],
        footer=f"{issue.day:%Y/%m/%d}" if issue.day else "",
    )
    content = f"<@&{ping}>" if ping is not None else ""
    room = Room(characters=limits.EMBED_TOTAL - reserved, size=limits.MESSAGE_BYTES - 2 * reserved)
    first, *others = _posts(COVER, pack(content, pieces(issue.intro, context, ""), first=(embed,), room=room))
    return [replace(first, ping=ping, jumps=jumps), *others]


def _description(issue: Issue, context: PieceContext, most: int) -> str:
    description = escape(issue.description)
    if len(description) <= most:
        return description
    told = f"The description is longer than the cover has room for ({most} characters) and is cut there."
    context.findings.append(finding("long-description", _key_line(issue, DESCRIPTION_KEYS), told))
    return description[: most - 1].rsplit(" ", 1)[0].rstrip("\\") + "…"


def _image(issue: Issue, context: PieceContext) -> EmbedImage | None:
    if not issue.picture:
        return None
    url = context.links.picture(issue.picture)
    if url and not is_vector(url):
        return EmbedImage(url=url, alt=issue.picture_alt[: limits.IMAGE_DESCRIPTION])
    rule = "vector-image" if url else "unresolved-image"
    context.findings.append(link_finding(rule, _key_line(issue, PICTURE_KEYS), issue.picture))
    return None


def _key_line(issue: Issue, keys: Iterable[str]) -> int:
    """Return the line of the front matter where the first of some keys stands that is there."""
    return next((issue.key_lines[key] for key in keys if key in issue.key_lines), 1)


# -- sections ---------------------------------------------------------------------------------------------------------


def _section(section: Section, context: PieceContext) -> tuple[str, list[Piece]]:
    """Return a section's first content (its heading) and its pieces."""
    heading = heading_line(context.converter(in_embed=False).heading(section.heading), section.level)
    found = _heading_and_blocks(section, context)
    if len(heading) > limits.CONTENT:
        found.insert(0, Text(markdown=context.converter().heading(section.heading), kind=LineKind.PARAGRAPH))
        heading = ""
    for subsection in section.subsections:
        found += _subsection_title(subsection, context)
        found += _heading_and_blocks(subsection, context)
    return heading, found


def _heading_and_blocks(section: Section, context: PieceContext) -> list[Piece]:
    return [*heading_pictures(section.heading, context), *pieces(section.blocks, context, _anchor(section, context))]


def _anchor(section: Section, context: PieceContext) -> str:
    return f"{context.links.page}#{section.anchor}" if context.links.page else ""


def _subsection_title(section: Section, context: PieceContext) -> Iterator[Piece]:
    """Yield a subsection's heading as an embed's title, linked to what it links to as a whole, else to its place on the site.

    A title shows no links inside: such a heading becomes a line of text.
    """
    line = heading_line(context.converter().heading(section.heading), section.level)
    if not section.title:
        if line:
            yield Text(markdown=line, kind=LineKind.HEADING)
        return
    if has_any(section.heading, {"img"}):
        yield Title(title="", url="", fallback=line)
        return
    title = context.converter().title(section.heading)
    anchors = section.heading.find_all("a", href=True)
    if not anchors:
        yield Title(title=title, url=_anchor(section, context), fallback=line)
        return
    whole = len(anchors) == 1 and " ".join(anchors[0].get_text().split()) == section.title
    url = context.links.resolve(str(anchors[0]["href"])) if whole else ""
    honest = is_web(url) and not another_host(section.title, url)
    yield Title(title=title if honest else "", url=url, fallback=line)
