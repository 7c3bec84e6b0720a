"""An issue's blocks → pieces, what messages are packed from: texts, titles, pictures with their captions, cards, media.

A piece is no message yet: a layout says which pieces stand together, and pack.py keeps the limits.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Final
from urllib.parse import parse_qs, urlsplit

from bs4.element import NavigableString, PageElement, Tag

from heartbeat_bot.issues.issue import Issue
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.issues.tree import elements, has_any, line_of
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.blocks import HEADINGS, BlockConverter
from heartbeat_bot.rendering.dialect import GAP, escape
from heartbeat_bot.rendering.hosts import another_host
from heartbeat_bot.rendering.links import Links, is_vector, is_web, link_finding
from heartbeat_bot.rendering.post import Embed, EmbedImage
from heartbeat_bot.rendering.split import LineKind

_PICTURE_FILE = re.compile(r"\.(?:png|jpe?g|gif|webp)$", re.IGNORECASE)
_GALLERY_SIZE: Final = 4
_CAPTION: Final = 400
"""Characters above which an italic paragraph below a picture is text, not a caption."""
_CAPTION_LINE = re.compile(r"\*(?!\*)[^\n]{1,400}(?<![*\\])\*")
_KINDS: Final = {
    "ul": LineKind.LIST,
    "ol": LineKind.LIST,
    "dl": LineKind.ROWS,
    "blockquote": LineKind.QUOTE,
    "pre": LineKind.CODE,
} | dict.fromkeys(HEADINGS, LineKind.HEADING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A rendered block for an embed's description."""

    markdown: str
    kind: LineKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """Starts an embed: a heading as the embed's title, linked when ``url`` is given. ``fallback`` is the heading as a line of text."""

    title: str
    url: str
    fallback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """Pictures that stand together, at most four; ``lines`` are their alternative texts and captions, rendered."""

    images: tuple[EmbedImage, ...]
    lines: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An embed that stands alone, such as a link card."""

    embed: Embed


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfurl:
    """A bare media link: it goes into the content so that Discord shows the video or tweet."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizontalRule:
    """A thematic break: what follows stands apart from what came before."""


Piece = Text | Title | Gallery | Card | Unfurl | HorizontalRule


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    image: EmbedImage
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceContext:
    """What the pieces of an issue are made with: where its links lead, and what was noticed on the way."""

    links: Links
    findings: list[Finding] = field(default_factory=list[Finding])

    def converter(self, *, in_embed: bool = True) -> BlockConverter:
        """Return what renders the next block."""
        return BlockConverter(self.links, self.findings, in_embed=in_embed)


def picture_targets(issue: Issue) -> tuple[str, ...]:
    """Return the targets of an issue's pictures as written, each once, in order."""
    targets = [issue.picture] if issue.picture else []
    parts = [part for section in issue.sections for part in (section, *section.subsections)]
    blocks = [block for part in parts for block in part.blocks]
    for element in (*issue.intro, *(part.heading for part in parts), *blocks):
        targets += [str(image.get("src") or "") for image in elements(element, {"img"})]
        if element.name == "p":
            targets.append(_bare_link(element))
        elif element.has_attr("image"):
            targets.append(str(element["image"]))
    return tuple(dict.fromkeys(target.strip() for target in targets if target.strip()))


def heading_pictures(heading: Tag, context: PieceContext) -> Iterator[Gallery]:
    """Yield the pictures of a heading, which its line shows by their texts only."""
    for image in elements(heading, {"img"}):
        url = context.links.picture(str(image.get("src") or ""))
        if url and not is_vector(url):
            yield Gallery(images=(_image(url, str(image.get("alt") or "")),))


def pieces(blocks: Sequence[Tag], context: PieceContext, anchor: str) -> list[Piece]:
    """Render blocks; pictures that stand together become galleries, each with the caption right below it.

    ``anchor`` is where the blocks stand on the site, "" when that is unknown: only embeds with an address can share one picture's place.
    """
    found: list[Piece] = []
    waiting: list[_Picture] = []
    lines: list[str] = []
    numbers = count(1)

    def settle() -> None:
        while waiting:
            group = waiting[:_GALLERY_SIZE] if anchor else waiting[:1]
            del waiting[: len(group)]
            number = next(numbers)
            url = anchor if number == 1 else f"{anchor}-{number}"
            own = tuple(picture.line for picture in group if picture.line)
            images = tuple(picture.image for picture in group)
            found.append(
                Gallery(images=images, lines=own if waiting else (*own, *lines), url=url if anchor and len(group) > 1 else "")
            )
        lines.clear()

    for block in blocks:
        if waiting and not lines and _is_caption(block):
            lines.append(context.converter().paragraph(block))
            if waiting[-1].image.alt and waiting[-1].image.alt in " ".join(block.get_text().split()):
                waiting[-1] = replace(waiting[-1], line="")
            continue
        for part in _block(block, context):
            if isinstance(part, _Picture):
                if lines:
                    settle()
                waiting.append(part)
            elif waiting and not lines and isinstance(part, Text) and _CAPTION_LINE.fullmatch(part.markdown):
                # Picture and caption in one paragraph.
                lines.append(part.markdown)
            else:
                settle()
                found.append(part)
    settle()
    return found


def _said(nodes: Iterable[PageElement]) -> list[PageElement]:
    """Return nodes without the white space between them."""
    return [node for node in nodes if not (isinstance(node, NavigableString) and not node.strip())]


def _is_caption(block: Tag) -> bool:
    """Tell whether a paragraph is a caption: wholly italic, links and breaks aside, and short."""
    if block.name != "p" or has_any(block, {"img"}):
        return False
    children = _said(block.children)
    return (
        bool(children)
        and all(isinstance(child, Tag) and child.name in {"em", "br"} for child in children)
        and len(block.get_text()) < _CAPTION
    )


def _block(block: Tag, context: PieceContext) -> Iterator[Piece | _Picture]:
    match block.name:
        case "p":
            yield from _paragraph(block, context)
        case "hr":
            yield HorizontalRule()
        case "iframe" | "video" | "audio" | "embed":
            yield from _media(block, context)
        case "table":
            converter = context.converter()
            caption, fence, code = converter.table(block).partition("```\n")
            # A caption stands before the code: with it, no part that is cut off would have its fences.
            yield from _text(caption.rstrip("\n"), LineKind.PARAGRAPH if fence else LineKind.ROWS)
            yield from _text(fence + code, LineKind.CODE)
            yield from _shown(converter)
        case name if name in _KINDS:
            converter = context.converter()
            yield from _text(converter.block(block), _KINDS[name])
            yield from _shown(converter)
        case _:
            yield from _card(block, context)


def _shown(converter: BlockConverter) -> Iterator[_Picture]:
    """Yield the pictures of a block whose text says their alternative texts already, in place."""
    for url, alt in converter.pictures.values():
        yield _Picture(image=_image(url, alt), line="")


def _text(markdown: str, kind: LineKind) -> Iterator[Text]:
    if markdown.replace(GAP, "").strip():
        yield Text(markdown=markdown, kind=kind)


def _paragraph(block: Tag, context: PieceContext) -> Iterator[Piece | _Picture]:
    """Cut a paragraph at its pictures; a paragraph that is one bare link is a media link."""
    bare = _bare_link(block)
    url = context.links.resolve(bare) if bare else ""
    if is_web(url):
        if problem := context.links.problem(bare, url):
            context.findings.append(link_finding(problem, line_of(block), bare))
        if _PICTURE_FILE.search(urlsplit(url).path):
            yield _Picture(image=_image(url, ""), line=f"-# <{url}>")
        else:
            yield Text(markdown=f"<{url}>", kind=LineKind.PARAGRAPH)
            yield Unfurl(url=url)
        return
    run: list[PageElement] = []
    for child in block.children:
        picture = _picture_in(child)
        if picture is None:
            run.append(child)
            continue
        yield from _run(run, context)
        run = []
        found = _picture(picture, context)
        if found is None:
            run.append(child)
        else:
            yield found
    yield from _run(run, context)


def _run(nodes: Sequence[PageElement], context: PieceContext) -> Iterator[Piece | _Picture]:
    converter = context.converter()
    yield from _text(converter.lines(nodes), LineKind.PARAGRAPH)
    yield from _shown(converter)


def _bare_link(block: Tag) -> str:
    """Return the target of a paragraph that holds nothing but a link whose text is its target, else ""."""
    link, *others = _said(block.children) or [None]
    if others or not isinstance(link, Tag) or link.name != "a":
        return ""
    href = str(link.get("href") or "")
    text = link.get_text().strip()
    return href if text and (text == href or text in href) and is_web(href) and is_web(text) else ""


def _picture_in(child: object) -> Tag | None:
    """Return the picture that a child of a paragraph is: an image, alone or as all that a link holds."""
    if not isinstance(child, Tag):
        return None
    if child.name == "img":
        return child
    if child.name in {"a", "picture", "span", "em", "strong"} and not child.get_text().strip():
        images = child.find_all("img")
        return images[0] if len(images) == 1 else None
    return None


def _picture(image: Tag, context: PieceContext) -> _Picture | None:
    """Return the picture with the line that says its alternative text; None when it cannot be shown, and is a link at best."""
    source = str(image.get("src") or "")
    url = context.links.picture(source)
    if not url or is_vector(url):
        return None
    alt = " ".join(str(image.get("alt") or "").split())
    link = image.find_parent("a")
    target = context.links.resolve(str(link.get("href") or "")) if link else ""
    if target and target != url:
        label = context.converter().masked_text(alt, target) if alt else f"<{target}>"
        return _Picture(image=_image(url, alt), line=f"-# {label}")
    return _Picture(image=_image(url, alt), line=f"-# {escape(alt)}" if alt else "")


def _image(url: str, alt: str) -> EmbedImage:
    return EmbedImage(url=url, alt=alt[: limits.IMAGE_DESCRIPTION])


def _media(block: Tag, context: PieceContext) -> Iterator[Piece]:
    """Treat an iframe, video or audio element as a bare link to what it plays."""
    source = block.find("source")
    target = str(block.get("src") or block.get("data-src") or (source.get("src") if source else "") or "")
    url = _watch_url(context.links.resolve(target))
    if is_web(url):
        yield Unfurl(url=url)
    elif target:
        context.findings.append(
            finding(
                "unresolved-media",
                line_of(block),
                f"{target!r} cannot be shown on Discord; set `site_url`, or write the whole address.",
            )
        )


def _watch_url(url: str) -> str:
    """Turn a player's address for embedding into the page that Discord can show a player for."""
    parts = urlsplit(url)
    host = parts.netloc.removeprefix("www.")
    if host in {"youtube.com", "youtube-nocookie.com"} and parts.path.startswith("/embed/"):
        video = parts.path.removeprefix("/embed/").strip("/")
        playlist = parse_qs(parts.query).get("list", [""])[0]
        if video == "videoseries" and playlist:
            return f"https://www.youtube.com/playlist?list={playlist}"
        return f"https://www.youtube.com/watch?v={video}"
    if host == "player.vimeo.com" and parts.path.startswith("/video/"):
        return f"https://vimeo.com/{parts.path.removeprefix('/video/')}"
    return url


def _card(block: Tag, context: PieceContext) -> Iterator[Piece]:
    """Make an embed of a custom tag that carries its content in attributes."""
    url = context.links.resolve(str(block.get("href") or ""))
    title = str(block.get("title") or block.get("label") or block.get("text") or block.get("name") or "")
    description = str(block.get("description") or block.get("summary") or "")
    picture = context.links.picture(str(block.get("image") or block.get("img") or block.get("src") or ""))
    title, description = " ".join(title.split()), " ".join(description.split())
    if not (title or description):
        if is_web(url):
            yield Text(markdown=f"<{url}>", kind=LineKind.PARAGRAPH)
            yield Unfurl(url=url)
        return
    if (
        len(escape(title)) > limits.EMBED_TITLE
        or len(escape(description)) > limits.EMBED_DESCRIPTION // 2
        or not is_web(url)
        or another_host(title, url)
    ):
        label = context.converter().masked_text(title, url) if url and title else escape(title)
        said = (f"**{label}**" if label else "", escape(description))
        yield Text(markdown="\n".join(part for part in said if part), kind=LineKind.PARAGRAPH)
        if picture:
            yield Gallery(images=(_image(picture, ""),))
        return
    image = EmbedImage(url=picture) if picture else None
    yield Card(embed=Embed(title=escape(title), url=url, description=escape(description), image=image))
