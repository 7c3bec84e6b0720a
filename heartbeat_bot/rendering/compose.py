"""An issue → its posts: a cover, then a message (or as few as hold it) per section."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qs, urlsplit

from bs4.element import NavigableString, Tag

from heartbeat_bot.issues.metadata import DESCRIPTION_KEYS, PICTURE_KEYS
from heartbeat_bot.issues.model import Finding, Issue, Section
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.issues.tree import elements, has_any, line_of
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.dialect import GAP, DiscordConverter, code_block, escape, heading_line
from heartbeat_bot.rendering.hosts import another_host
from heartbeat_bot.rendering.links import Links, is_vector, is_web
from heartbeat_bot.rendering.pack import Card, Gallery, PackedRule, Piece, Room, Text, Title, Unfurl, lower_bound, pack
from heartbeat_bot.rendering.post import COVER, Embed, EmbedImage, File, Jump, Post, PostKey
from heartbeat_bot.rendering.split import LineKind

_HEADING = re.compile(r"^h[1-6]$")
_PICTURE_FILE = re.compile(r"\.(?:png|jpe?g|gif|webp)$", re.IGNORECASE)
_GALLERY_SIZE: Final = 4
_JUMP_LABEL: Final = 80
_CAPTION: Final = 400
"""Characters above which an italic paragraph below a picture is text, not a caption."""
_JUMP_ROOM: Final = 2400
_CAPTION_LINE = re.compile(r"\*(?!\*)[^\n]{1,400}(?<![*\\])\*")
_MESSAGE_URL: Final = len("https://discord.com/channels/") + 3 * 20 + 2
_IN_LABEL = re.compile(r"[*_`~|\[\]<>\\]|https?://|@(?=everyone|here)|:(?=[A-Za-z0-9_+-]+:)")
_PROBLEMS: Final = {
    "empty-link": "The link leads nowhere; give it a target.",
    "link-without-text": "The link to {target!r} has no text; its address is shown instead.",
    "placeholder-link": "The link's target {target!r} is a placeholder; replace it.",
    "link-without-scheme": "The link's target {target!r} has no https://; it was read as a web address.",
    "unresolved-anchor": "The link {target!r} leads to a place on the issue's own page, which is not known here; set `issue_url`.",
    "unresolved-link": "The relative link {target!r} cannot be followed from Discord; set `site_url`, or write the whole address.",
    "unresolved-image": "The picture {target!r} cannot be shown on Discord; set `site_url` or `images`, or write its whole address.",
    "vector-image": "Discord shows no SVG pictures: {target!r} is a link there. Offer a PNG.",
    "link-with-user": "The link's target {target!r} has a name before its host; Discord gets it without, since many take that for the host.",
    "link-names-another-host": "The link's text names another address than the one that it leads to, {target!r}, whose host is shown beside it.",
    "unlinkable": "Discord cannot link to {target!r}; it is shown as text.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What an issue becomes: posts in sending order, what was noticed, and the fewest messages each section could take."""

    posts: tuple[Post, ...]
    findings: tuple[Finding, ...]
    bounds: tuple[tuple[str, int, int], ...]
    """Per section: its key, its number of messages, the lower bound."""
    firsts: tuple[tuple[Tag, PostKey], ...]
    """The heading of each section that is not empty, in order, and the key of its first post."""


@dataclass(slots=True)
class _Context:
    links: Links
    page: str
    findings: list[Finding] = field(default_factory=list[Finding])


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
    context = _Context(links=links, page=page)
    bounds: list[tuple[str, int, int]] = []
    taken: set[str] = {COVER}
    posts: list[Post] = []
    jumps: list[Jump] = []
    firsts: list[tuple[Tag, PostKey]] = []
    for section in issue.sections:
        key = _unique(section.anchor or "section", taken)
        content, pieces = _section(section, context)
        drafts = pack(content, pieces)
        if not drafts:
            continue
        firsts.append((section.heading, PostKey(key)))
        bounds.append((key, len(drafts), lower_bound(drafts)))
        jumps.append(Jump(label=_label(section.title), to=PostKey(key)))
        posts += [
            Post(
                key=PostKey(key if n == 0 else f"{key}/{n + 1}"),
                content=draft.content,
                embeds=tuple(draft.embeds),
                title=section.title,
            )
            for n, draft in enumerate(drafts)
        ]
    cover, count = _cover(issue, context, _fitting(jumps), ping)
    bounds.insert(0, (COVER, len(cover), count))
    by_url = {f"attachment://{file.name}": file for file in files.values()}
    whole = [_with_files(post, by_url) for post in (*cover, *posts)]
    return Composition(posts=tuple(whole), findings=tuple(context.findings), bounds=tuple(bounds), firsts=tuple(firsts))


def picture_targets(issue: Issue) -> tuple[str, ...]:
    """Return the targets of an issue's pictures as written, each once, in order."""
    targets = [issue.picture] if issue.picture else []
    headings = [
        heading for section in issue.sections for heading in (section.heading, *(sub.heading for sub in section.subsections))
    ]
    blocks = [block for section in issue.sections for part in (section, *section.subsections) for block in part.blocks]
    for element in (*issue.intro, *headings, *blocks):
        targets += [str(image.get("src") or "") for image in elements(element, {"img"})]
        if element.name == "p":
            targets.append(_bare_link(element))
        elif element.has_attr("image"):
            targets.append(str(element["image"]))
    return tuple(dict.fromkeys(target.strip() for target in targets if target.strip()))


def _with_files(post: Post, by_url: Mapping[str, File]) -> Post:
    """Add the files that a post's embeds show, each once."""
    shown = dict.fromkeys(embed.image.url for embed in post.embeds if embed.image and embed.image.url in by_url)
    return replace(post, files=tuple(by_url[url] for url in shown)) if shown else post


def _unique(key: str, taken: set[str]) -> str:
    name, number = key, 1
    while name in taken:
        number += 1
        name = f"{key}~{number}"
    taken.add(name)
    return name


def _label(title: str) -> str:
    """Return a section's title as a link's text, where nothing can be escaped."""
    text = " ".join(_IN_LABEL.sub("", title).split()) or "…"
    return text if len(text) <= _JUMP_LABEL else text[: _JUMP_LABEL - 1].rstrip() + "…"


def _fitting(jumps: Sequence[Jump]) -> tuple[Jump, ...]:
    """Return as many jump links as the cover has room for."""
    kept: list[Jump] = []
    room = _JUMP_ROOM
    for jump in jumps:
        room -= len(jump.label) + _MESSAGE_URL + len("- []()\n")
        if room < 0:
            break
        kept.append(jump)
    return tuple(kept) if len(jumps) > 1 else ()


def _cover(issue: Issue, context: _Context, jumps: tuple[Jump, ...], ping: int | None) -> tuple[list[Post], int]:
    picture = context.links.picture(issue.picture)
    if issue.picture and (not picture or is_vector(picture)):
        rule = "vector-image" if picture else "unresolved-image"
        context.findings.append(_problem(rule, _key_line(issue, PICTURE_KEYS), issue.picture))
        picture = ""
    reserved = sum(len(jump.label) + _MESSAGE_URL + len("- []()\n") for jump in jumps) + 40 if jumps else 0
    description = escape(issue.description)
    most = limits.EMBED_DESCRIPTION - reserved
    if len(description) > most:
        description = description[: most - 1].rsplit(" ", 1)[0].rstrip("\\") + "…"
        context.findings.append(
            finding(
                "long-description",
                _key_line(issue, DESCRIPTION_KEYS),
                f"The description is longer than the cover has room for ({most} characters) and is cut there.",
            )
        )
    title = escape(issue.title)
    if len(title) > limits.EMBED_TITLE:
        title = title[: limits.EMBED_TITLE - 1].rstrip("\\ ") + "…"
        description = f"**{escape(issue.title)}**\n{description}"[:most]
    embed = Embed(
        title=title,
        url=context.page,
        description=description,
        image=EmbedImage(url=picture, alt=issue.picture_alt[: limits.IMAGE_DESCRIPTION]) if picture else None,
        author=", ".join(issue.authors)[: limits.EMBED_AUTHOR_NAME],
        footer=f"{issue.day:%Y/%m/%d}" if issue.day else "",
    )
    content = f"<@&{ping}>" if ping is not None else ""
    room = Room(characters=limits.EMBED_TOTAL - reserved, size=limits.MESSAGE_BYTES - 2 * reserved)
    drafts = pack(content, _pieces(issue.intro, context, ""), first=(embed,), room=room)
    posts = [
        Post(
            key=COVER if n == 0 else PostKey(f"{COVER}/{n + 1}"),
            content=draft.content,
            embeds=tuple(draft.embeds),
            ping=ping if n == 0 else None,
            jumps=jumps if n == 0 else (),
        )
        for n, draft in enumerate(drafts)
    ]
    return posts, lower_bound(drafts)


def _section(section: Section, context: _Context) -> tuple[str, list[Piece]]:
    """Return a section's first content (its heading) and its pieces."""
    converter = DiscordConverter(context.links, in_embed=False)
    heading = heading_line(converter.heading(section.heading), section.level)
    context.findings.extend(_problems(converter))
    anchor = f"{context.page}#{section.anchor}" if context.page else ""
    pieces = [*_heading_pictures(section.heading, context), *_pieces(section.blocks, context, anchor)]
    if len(heading) > limits.CONTENT:
        pieces.insert(0, Text(markdown=_in_embed(section, context), kind=LineKind.PARAGRAPH))
        heading = ""
    for subsection in section.subsections:
        sub_anchor = f"{context.page}#{subsection.anchor}" if context.page else ""
        pieces += _subsection_title(subsection, sub_anchor, context)
        pieces += _heading_pictures(subsection.heading, context)
        pieces += _pieces(subsection.blocks, context, sub_anchor)
    return heading, pieces


def _in_embed(section: Section, context: _Context) -> str:
    return DiscordConverter(context.links).heading(section.heading)


def _subsection_title(section: Section, anchor: str, context: _Context) -> Iterator[Piece]:
    """Yield a subsection's heading as an embed's title, linked to what it links to as a whole, else to its place on the site.

    A title shows no links inside: such a heading becomes a line of text.
    """
    converter = DiscordConverter(context.links)
    line = heading_line(converter.heading(section.heading), section.level)
    if not section.title:
        if line:
            yield Text(markdown=line, kind=LineKind.HEADING)
        return
    context.findings.extend(_problems(converter))
    anchors = section.heading.find_all("a", href=True)
    if has_any(section.heading, {"img"}):
        yield Title(title="", url="", fallback=line)
        return
    title = converter.title(section.heading)
    if not anchors:
        yield Title(title=title, url=anchor, fallback=line)
        return
    whole = len(anchors) == 1 and " ".join(anchors[0].get_text().split()) == section.title
    url = context.links.resolve(str(anchors[0]["href"])) if whole else ""
    honest = is_web(url) and not another_host(section.title, url)
    yield Title(title=title if honest else "", url=url, fallback=line)


def _heading_pictures(heading: Tag, context: _Context) -> Iterator[Piece]:
    for image in elements(heading, {"img"}):
        url = context.links.picture(str(image.get("src") or ""))
        if url and not is_vector(url):
            yield Gallery(images=(_image(url, str(image.get("alt") or "")),))


# -- blocks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    image: EmbedImage
    line: str


def _pieces(blocks: Sequence[Tag], context: _Context, anchor: str) -> list[Piece]:
    """Render blocks; pictures that stand together become galleries, each with the caption right below it."""
    pieces: list[Piece] = []
    waiting: list[_Picture] = []
    lines: list[str] = []
    galleries = 0

    def settle() -> None:
        nonlocal galleries
        while waiting:
            group = waiting[:_GALLERY_SIZE] if anchor else waiting[:1]
            del waiting[: len(group)]
            galleries += 1
            url = anchor if galleries == 1 else f"{anchor}-{galleries}"
            own = [picture.line for picture in group if picture.line]
            pieces.append(
                Gallery(
                    images=tuple(picture.image for picture in group),
                    lines=tuple(own + (lines if not waiting else [])),
                    url=url if anchor and len(group) > 1 else "",
                )
            )
        lines.clear()

    for block in blocks:
        if waiting and not lines and _is_caption(block):
            converter = DiscordConverter(context.links)
            caption = converter.paragraph(block)
            context.findings.extend(_problems(converter))
            plain = " ".join(block.get_text().split())
            if waiting[-1].image.alt and waiting[-1].image.alt in plain:
                waiting[-1] = replace(waiting[-1], line="")
            lines.append(caption)
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
                pieces.append(part)
    settle()
    return pieces


def _is_caption(block: Tag) -> bool:
    """Tell whether a paragraph is a caption: wholly italic, links and breaks aside, and short."""
    if block.name != "p" or has_any(block, {"img"}):
        return False
    children = [child for child in block.children if not (isinstance(child, NavigableString) and not child.strip())]
    return (
        bool(children)
        and all(isinstance(child, Tag) and child.name in {"em", "br"} for child in children)
        and len(block.get_text()) < _CAPTION
    )


def _block(block: Tag, context: _Context) -> Iterator[Piece | _Picture]:  # noqa: C901 - one case per kind of block
    converter = DiscordConverter(context.links)
    match block.name:
        case "p":
            yield from _paragraph(block, context)
            return
        case "ul" | "ol":
            yield from _text("\n".join(converter.list_lines(block)), LineKind.LIST)
        case "blockquote":
            yield from _text("\n".join(converter.quote_lines(block)), LineKind.QUOTE)
        case "pre":
            yield from _text(code_block(block), LineKind.CODE)
        case "table":
            caption, fence, code = converter.table(block).partition("```\n")
            # A caption stands before the code: with it, no part that is cut off would have its fences.
            yield from _text(caption.rstrip("\n"), LineKind.PARAGRAPH if fence else LineKind.ROWS)
            yield from _text(fence + code, LineKind.CODE)
        case "dl":
            yield from _text(converter.definitions(block), LineKind.ROWS)
        case "hr":
            yield PackedRule()
        case "iframe" | "video" | "audio" | "embed":
            yield from _media(block, context)
        case name if _HEADING.match(name):
            yield from _text(heading_line(converter.heading(block), int(name[1])), LineKind.HEADING)
        case _:
            yield from _card(block, context)
    context.findings.extend(_problems(converter))
    for url, alt in converter.seen.pictures.values():
        # The text says the alternative text already, in place.
        yield _Picture(image=_image(url, alt), line="")


def _text(markdown: str, kind: LineKind) -> Iterator[Text]:
    if markdown.replace(GAP, "").strip():
        yield Text(markdown=markdown, kind=kind)


def _paragraph(block: Tag, context: _Context) -> Iterator[Piece | _Picture]:
    """Cut a paragraph at its pictures; a paragraph that is one bare link is a media link."""
    bare = _bare_link(block)
    url = context.links.resolve(bare) if bare else ""
    if is_web(url):
        if problem := context.links.problem(bare, url):
            context.findings.append(_problem(problem, line_of(block), bare))
        if _PICTURE_FILE.search(urlsplit(url).path):
            yield _Picture(image=_image(url, ""), line=f"-# <{url}>")
        else:
            yield Text(markdown=f"<{url}>", kind=LineKind.PARAGRAPH)
            yield Unfurl(url=url)
        return
    run: list[object] = []
    for child in block.children:
        picture = _picture_in(child)
        if picture is None:
            run.append(child)
            continue
        yield from _run(run, context)
        run = []
        found = _picture(picture, picture.find_parent("a"), context)
        if found is None:
            run.append(child)
        else:
            yield found
    yield from _run(run, context)


def _run(nodes: Sequence[object], context: _Context) -> Iterator[Piece | _Picture]:
    converter = DiscordConverter(context.links)
    box = [node for node in nodes if not (isinstance(node, NavigableString) and not node.strip())]
    if not box:
        return
    yield from _text(converter.lines(nodes), LineKind.PARAGRAPH)
    context.findings.extend(_problems(converter))
    for url, alt in converter.seen.pictures.values():
        yield _Picture(image=_image(url, alt), line="")


def _bare_link(block: Tag) -> str:
    """Return the target of a paragraph that holds nothing but a link whose text is its target, else ""."""
    children = [child for child in block.children if not (isinstance(child, NavigableString) and not child.strip())]
    if len(children) != 1 or not isinstance(children[0], Tag) or children[0].name != "a":
        return ""
    link = children[0]
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


def _picture(image: Tag, link: Tag | None, context: _Context) -> _Picture | None:
    """Return the picture with the line that says its alternative text; None when it cannot be shown, and is a link at best."""
    source = str(image.get("src") or "")
    url = context.links.picture(source)
    if not url or is_vector(url):
        return None
    alt = " ".join(str(image.get("alt") or "").split())
    target = context.links.resolve(str(link.get("href") or "")) if link else ""
    if target and target != url:
        converter = DiscordConverter(context.links)
        label = converter.masked_text(alt, target) if alt else f"<{target}>"
        context.findings.extend(_problems(converter))
        return _Picture(image=_image(url, alt), line=f"-# {label}")
    return _Picture(image=_image(url, alt), line=f"-# {escape(alt)}" if alt else "")


def _image(url: str, alt: str) -> EmbedImage:
    return EmbedImage(url=url, alt=alt[: limits.IMAGE_DESCRIPTION])


def _media(block: Tag, context: _Context) -> Iterator[Piece]:
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


def _card(block: Tag, context: _Context) -> Iterator[Piece]:
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
        converter = DiscordConverter(context.links)
        label = converter.masked_text(title, url) if url and title else escape(title)
        context.findings.extend(_problems(converter))
        yield Text(
            markdown="\n".join(part for part in (f"**{label}**" if label else "", escape(description)) if part),
            kind=LineKind.PARAGRAPH,
        )
        if picture:
            yield Gallery(images=(_image(picture, ""),))
        return
    yield Card(
        embed=Embed(
            title=escape(title), url=url, description=escape(description), image=EmbedImage(url=picture) if picture else None
        )
    )


def _problems(converter: DiscordConverter) -> Iterable[Finding]:
    for rule, line, target in converter.seen.problems:
        yield _problem(rule, line, target)


def _problem(rule: str, line: int | None, target: str) -> Finding:
    return finding(rule, line, _PROBLEMS[rule].format(target=target[:120]))


def _key_line(issue: Issue, keys: Iterable[str]) -> int:
    """Return the line of the front matter where the first of some keys stands that is there."""
    return next((issue.key_lines[key] for key in keys if key in issue.key_lines), 1)
