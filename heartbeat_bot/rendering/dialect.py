"""One block of an issue's tree → Discord's dialect of Markdown, by one markdownify subclass.

The rules are those of Discord's clients, not of CommonMark: every newline shows, a blank line ends a list, nothing is escaped in link
texts, `_` and `*` know no flanking. Where a rule is not plain from the code its reason stands beside it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

from bs4.element import NavigableString, PageElement, Tag
from markdownify import MarkdownConverter

from heartbeat_bot.issues.tree import STANDING, children, has_any, line_of
from heartbeat_bot.rendering.hosts import another_host, names_scheme
from heartbeat_bot.rendering.limits import LIST_DEPTH
from heartbeat_bot.rendering.links import Links, is_vector, is_web, shown_beside

GAP: Final = "\u200b"
"""A character without width: it keeps apart what Discord would read as one."""

EMOJI: Final = re.compile(
    "(?:[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3|"
    "[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
    "[\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d[\u2190-\u2bff\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*)*)"
)
_ESCAPED = re.compile(r"[\\*_`\[\]<~|]")
_BARE_URL = re.compile(r"(https?://[^\s<>]*[^\s<>.,:;!?\"'\])}*_~`|\\])", re.IGNORECASE)
# Between a scheme and its slashes, behind a dot of a name that may be a domain, and behind an @.
_LINKING = re.compile(r"(?<=:)(?=/)|(?<=[^\W_]\.)(?=[^\W\d_]{2})|(?<=@)(?=\S)")
_SHORTCODE = re.compile(r":(?=[A-Za-z0-9_+-]+:)")
_MENTION = re.compile(r"@(?=everyone|here)")
_LIVE_SCHEME = re.compile(r"(steam|discord):(?=//)", re.IGNORECASE)
"""Addresses of programs: clients make links of them that start those, or act within Discord."""
_LINE_START = re.compile(r"^([ \t]*)(?:(#{1,3}|-#|[-+]|>{1,3})(?=\s|$)|(\d+)(\.)(?=\s|$))")
_TITLE: Final = "_title"
"""What is around the content of a title, as markdownify names what is no element."""
_STYLES = frozenset({"strong", "em", "s", "u"})
_MARKS: Final = {"strong": "**", "em": "*", "s": "~~", "u": "__"}
_HAZARDS = re.compile(
    r"\*|_(?=[^_]*_(?![A-Za-z0-9_]))|(?<=_)_|(?<=[^_])_(?![A-Za-z0-9_])|`|~~|\|\||<(?=[@#:/]|[A-Za-z]+:)|:(?=[A-Za-z0-9_+-]+:)|@(?=everyone|here)|\]\("
)
# Code protects its text from marks in a link's text too, but not from what is live there.
_CODE_HAZARDS = re.compile(r"<(?=[@#:/]|[A-Za-z]+:)|@(?=everyone|here)|\]\(|https?://")
_RAISED: Final = str.maketrans("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
_LOWERED: Final = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_PLAIN_URL = re.compile(r"https?://[!-;=?-~]+", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9]")
_MAX_SPLITS: Final = 6


def escape(text: str) -> str:
    """Escape running text so that Discord shows it as it is (not for code, link texts or plain slots)."""
    if "://" in text:
        # Nothing in a bare address is a mark to Discord, and a backslash in it would be a part of it.
        return "".join(part if n % 2 else _escape(part) for n, part in enumerate(_BARE_URL.split(text)))
    return _escape(text)


def inert(text: str) -> str:
    """Escape what somebody wrote and the bot says in its own voice: besides :func:`escape`, nothing in it becomes a link or an invite.

    Addresses of all kinds, with a scheme or without one (invites, mail), are kept apart by characters without width.
    """
    return escape(_LINKING.sub(GAP, text))


def _escape(text: str) -> str:
    text = _ESCAPED.sub(r"\\\g<0>", text)
    if ":" in text:
        text = _LIVE_SCHEME.sub(rf"\1:{GAP}", text)
        text = _SHORTCODE.sub(r"\\:", text)
    # Even an escaped bracket is taken as the joint of an earlier link.
    text = text.replace("](", f"]{GAP}(")
    return _MENTION.sub(f"@{GAP}", text) if "@" in text else text


def escape_line_starts(text: str) -> str:
    """Escape what would start a heading, subtext, quote or list at the start of a line of rendered inline text."""
    return "\n".join(map(_with_escaped_start, text.split("\n")))


def _with_escaped_start(line: str) -> str:
    match = _LINE_START.match(line)
    if match is None:
        return line
    indent, mark, number, dot = match.groups()
    return (f"{indent}{number}\\{dot}" if number else f"{indent}\\{mark}") + line[match.end() :]


@dataclass(slots=True)
class Seen:
    """What the converter met on its way through a block, for the composer: pictures shown in place as links, findings' places.

    ``pictures`` are addresses and alternative texts by the number of their element: what does not fit a link is rendered twice.
    """

    pictures: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    problems: list[tuple[str, int | None, str]] = field(default_factory=list[tuple[str, int | None, str]])


_BREAK: Final = "\v"
"""A line break on its way through markdownify's walk, which would make one of two; the tree holds no such white space."""
_CONVERTED: Final = str.split(
    "a audio br code em embed iframe img input kbd li param q s samp source strong sub sup track u video wbr"
)
_OPTIONS: Final[dict[str, Any]] = vars(MarkdownConverter(bs4_options="lxml", convert=_CONVERTED))["options"]


class DiscordConverter(MarkdownConverter):
    """Renders inline content, lists, quotes, code and tables of a tidied tree (see issues/tree.py); the tree is only read.

    markdownify walks inline content and calls ``convert_<name>`` with an element, the text that its content became and the names of the
    elements around it; of elements without such a method that text is all. Blocks are written by the methods below, line by line.
    ``in_embed`` tells the slot: emoji in link texts break the link in a message's content, not in an embed's description.
    """

    def __init__(self, links: Links, *, in_embed: bool = True) -> None:
        """Resolve targets with ``links``."""
        # What the superclass does here, once: it reads its options from the names of two classes, for every block anew.
        self.options = _OPTIONS
        self.convert_fn_cache = {}
        self.links = links
        self.in_embed = in_embed
        self.seen = Seen()
        self._before: tuple[object, str] | None = None

    # -- inline -------------------------------------------------------------------------------------------------------

    def inline(self, nodes: Sequence[object], parents: frozenset[str] = frozenset()) -> str:
        """Render inline nodes in order."""
        joined = self._walked(nodes, parents)
        if _BREAK not in joined:
            return joined
        first, *middle, last = joined.split(_BREAK)
        return "\n".join([first.rstrip(" "), *(line.strip(" ") for line in middle), last.lstrip(" ")])

    def _walked(self, nodes: Sequence[object], parents: frozenset[str]) -> str:
        around, self._before = self._before, None
        joined = "".join([self.process_element(node, set(parents)) for node in nodes])
        self._before = around
        return joined

    def process_element(self, node: object, parent_tags: set[str] | None = None) -> str:
        """Render a node; neighbours that Discord would read as one are kept apart."""
        before, self._before = self._before, None
        text = cast("str", super().process_element(node, parent_tags))  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue] (not in markdownify's stubs)
        self._before = (node, text) if text else before
        if not text or not before:
            return text
        apart = GAP if _clashes(*before, node, text) else " " if _stand_apart(*before, node, text) else ""
        return apart + text

    def escape(self, text: str, parent_tags: set[str]) -> str:
        """Escape running text; nothing can be escaped in a link's text."""
        return text if "a" in parent_tags else escape(text)

    def process_text(self, el: object, parent_tags: set[str] | None = None) -> str:
        """Render a text node: its white space is tidied already."""
        return self.escape(str(el), parent_tags or set())

    def convert_br(self, *_: object, **__: object) -> str:
        return _BREAK

    def convert_wbr(self, *_: object, **__: object) -> str:
        return ""

    convert_source = convert_track = convert_param = convert_wbr

    def convert_code(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return code_span(el.get_text())

    convert_samp = convert_kbd = convert_code

    def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"• {text}"

    def convert_q(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"“{text}”"

    def convert_strong(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        stripped = text.strip()
        if not stripped.replace(GAP, ""):
            return text
        mark = _MARKS[el.name]
        lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        # A style may span lines, but a line that starts with a quote or list mark inside emphasis would not.
        lines = stripped.split(_BREAK) if el.name == "em" else [stripped]
        return lead + _BREAK.join(f"{mark}{line.strip()}{mark}" if line.strip() else line for line in lines) + tail

    convert_em = convert_s = convert_u = convert_strong

    def convert_sup(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Write raised and lowered digits with the characters there are for them: 10⁶, H₂O, a footnote's mark; all else as it is."""
        said = el.get_text().strip()
        if "footnote-ref" in (el.get("class") or ()):
            said = said.strip("[]").split(":", 1)[0]  # `[1:2]` is the third mark of the first note
        digits = _RAISED if el.name == "sup" else _LOWERED
        return said.translate(digits) if said and all(ord(character) in digits for character in said) else text

    convert_sub = convert_sup

    def convert_input(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if el.get("type") != "checkbox":
            return str(el.get("value") or "")
        after = el.next_sibling
        spaced = isinstance(after, NavigableString) and after[:1].isspace()
        return ("☑" if el.has_attr("checked") else "☐") + ("" if spaced else " ")

    def convert_video(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        source = el.find("source")
        target = str(el.get("src") or (source.get("src") if source else "") or "")
        url = self.links.resolve(target)
        return f"<{url}>" if url else ""

    convert_audio = convert_iframe = convert_embed = convert_video

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Show a picture that stands inside text by its alternative text, linked to the picture itself."""
        alt = " ".join(str(el.get("alt") or "").split())
        source = str(el.get("src") or "")
        url = self.links.picture(source)
        if not url or is_vector(url):
            self.seen.problems.append(("vector-image" if url else "unresolved-image", line_of(el), source))
        else:
            self.seen.pictures[id(el)] = (url, alt)
        if "a" in parent_tags:
            return alt
        if url and alt:
            return self._masked([NavigableString(alt)], url, frozenset(parent_tags), alt)
        return self.escape(alt, parent_tags) if alt else f"<{url}>" if url else ""

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        parents = frozenset(parent_tags)
        # The mark of a note, which convert_sup writes, leads nowhere on Discord.
        mark = el.parent is not None and "footnote-ref" in (el.parent.get("class") or ())
        if mark or parents & {"a", _TITLE}:
            return text if mark or "a" in parents else self._walked(el.contents, parents)
        href = str(el.get("href") or "").strip()
        url = self.links.resolve(href)
        if el.has_attr("href") and (url != href or not href):
            problem = self.links.problem(href, url)
            if problem:
                self.seen.problems.append((problem, line_of(el), href))
        said = _said(el)
        bare = unquote(said.strip()) in {unquote(address) for address in {href, url, href.removeprefix("mailto:")}}
        if not url:
            beside = "" if bare else shown_beside(href)
            return self._walked(el.contents, parents) + (f" ({escape(beside)})" if beside else "")
        if not said.strip() and not has_any(el, {"img"}):
            if href.startswith("#"):
                return ""
            self.seen.problems.append(("link-without-text", line_of(el), href))
            return f"<{url}>" if is_web(url) else ""
        if bare:
            return _bare_link(said.strip(), url)
        return self._masked(el.contents, url, parents, said, label=text)

    def _masked(self, nodes: Sequence[object], url: str, parents: frozenset[str], text: str, label: str | None = None) -> str:
        inside = parents | {"a"}
        if not self._hazardous(text, parents):
            label = self._walked(nodes, inside) if label is None else label
            return self._honest(_wrap_link(label, url) if label.strip() else f"<{url}>", text, url, nodes)
        if not names_scheme(text):
            parts = self._split_label(nodes, inside, parents)
            if parts is not None:
                written = "".join(_wrap_link(label, url) if linked and label.strip() else label for linked, label in parts)
                return self._honest(written, text, url, nodes)
        plain = self._walked(nodes, parents)
        self._honest("", text, url, nodes)
        return f"{plain.rstrip()} (<{url}>){' ' if plain.endswith(' ') else ''}"

    def _honest(self, written: str, text: str, url: str, nodes: Sequence[object]) -> str:
        """Write the host that a link leads to behind it when its text names another one; that is a finding, too."""
        real = another_host(text, url)
        if not real:
            return written
        link = nodes[0].parent if nodes and isinstance(nodes[0], PageElement) else None
        self.seen.problems.append(("link-names-another-host", line_of(link), url))
        kept = written.rstrip()
        return f"{kept} ({escape(real)}){written[len(kept) :]}"

    def _hazardous(self, text: str, parents: frozenset[str]) -> bool:
        """Tell whether a link's text holds what Discord would read as markup, since nothing can be escaped there."""
        found = [match.group() for match in _HAZARDS.finditer(text)]
        if len(found) == 1 and found[0] in {"*", "`", "~~", "||"} and not parents & _STYLES:
            found = []
        emoji = not self.in_embed and EMOJI.search(text) is not None
        return bool(found) or emoji or not _balanced(text) or names_scheme(text)

    def _split_label(
        self, nodes: Sequence[object], inside: frozenset[str], parents: frozenset[str]
    ) -> list[tuple[bool, str]] | None:
        r"""Take what cannot stand in a link's text out of it: `[a](u)\*[b](u)` reads as one line. None when it would get too many pieces."""
        parts: list[tuple[bool, str]] = []
        pattern = _HAZARDS if self.in_embed else re.compile(f"{_HAZARDS.pattern}|{EMOJI.pattern}")
        for node in nodes:
            if isinstance(node, Tag):
                text = node.get_text()
                bad = _CODE_HAZARDS if node.name in {"code", "img"} else pattern
                if bad.search(text) or not _balanced(text):
                    return None
                parts.append((True, self._walked([node], inside)))
                continue
            text = str(node)
            position = 0
            spots = [match.span() for match in pattern.finditer(text)]
            if not _balanced(text):
                spots = sorted({*spots, *((n, n + 1) for n, c in enumerate(text) if c in "[]")})
            for start, end in spots:
                if start < position:
                    continue
                parts += [(True, text[position:start]), (False, self.escape(text[start:end], set(parents)))]
                position = end
            parts.append((True, text[position:]))
        merged: list[tuple[bool, str]] = []
        for linked, label in parts:
            if merged and merged[-1][0] == linked:
                merged[-1] = (linked, merged[-1][1] + label)
            elif label:
                merged.append((linked, label))
        linkable = any(linked and label.strip() for linked, label in merged)
        return merged if linkable and len(merged) <= _MAX_SPLITS else None

    # -- blocks -------------------------------------------------------------------------------------------------------

    def paragraph(self, node: Tag) -> str:
        """Render a paragraph: one line, plus one for each hard break."""
        return self.lines(node.contents)

    def lines(self, nodes: Sequence[object]) -> str:
        """Render a run of inline nodes that starts a line."""
        return escape_line_starts(self.inline(nodes).strip(" \n"))

    def masked_text(self, text: str, url: str) -> str:
        """Write plain text as a masked link."""
        return self._masked([NavigableString(text)], url, frozenset(), text)

    def heading(self, node: Tag) -> str:
        """Render a heading's text on one line, without its marker."""
        return self.inline(node.contents).replace("\n", " ").strip()

    def title(self, node: Tag) -> str:
        """Render a heading for an embed's title, which shows styles but no links."""
        return self.inline(node.contents, frozenset({_TITLE})).replace("\n", " ").strip()

    def list_lines(self, node: Tag, depth: int = 1, indent: int = 0) -> Iterator[str]:
        """Render a list, a line at a time; nested lists are indented by the width of their parent's marker."""
        number = int(str(node.get("start") or 1)) if str(node.get("start") or 1).isdigit() else 1
        for item in children(node, "li"):
            marker = f"{max(number, 1)}. " if node.name == "ol" else "- "
            number += 1
            yield from self._item(item, marker, depth, indent)

    def _item(self, item: Tag, marker: str, depth: int, indent: int) -> Iterator[str]:
        inner = indent + len(marker)
        head = " " * indent + marker
        for child in (child for child in item.children if isinstance(child, Tag)):
            if child.name in {"ul", "ol"}:
                if head.strip() and item.name == "dd" and all(not isinstance(after, Tag) for after in child.next_siblings):
                    # A definition that is a list needs no bullet of its own.
                    yield from self.list_lines(child, depth, indent)
                    return
                if head.strip():
                    # An item that starts with a list: Discord needs a character to hang it on.
                    yield head + GAP
                    head = ""
                deeper = depth < LIST_DEPTH
                yield from self.list_lines(child, depth + 1 if deeper else depth, inner if deeper else indent)
                continue
            if child.name == "dl":
                for line in self._definition_lines(child, depth + 1, inner):
                    yield head + line.lstrip(f" {GAP}") if head.strip() else line
                    head = ""
                continue
            for line in self._item_block(child):
                if head.strip():
                    yield head + line
                    head = ""
                else:
                    yield " " * inner + (line if child.name == "pre" else _unglued(line))
        if head.strip():
            yield head + GAP

    def _item_block(self, block: Tag) -> Iterator[str]:
        match block.name:
            case "pre":
                # A blank line would end the list, even inside the code.
                yield from (line or GAP for line in code_block(block).split("\n"))
            case "blockquote":
                yield from self.quote_lines(block)
            case "table":
                yield from self.table(block).split("\n")
            case "hr":
                return
            case name if re.fullmatch(r"h[1-6]", name):
                text = self.heading(block)
                if text:
                    yield text if "**" in text else f"**{text}**"
            case _:
                yield from (line for line in self.paragraph(block).split("\n") if line.strip())

    def quote_lines(self, node: Tag) -> Iterator[str]:
        """Render a quote: every line, blank ones too, starts with ``> ``; quotes in quotes are one quote to Discord."""
        first = True
        previous = ""
        for child in (child for child in node.children if isinstance(child, Tag)):
            lines = list(self._quoted(child))
            if not lines:
                continue
            if not first and not (previous == "title" or (child.name in {"ul", "ol"} and previous == "p")):
                yield "> "
            yield from ("> " + line for line in lines)
            first = False
            previous = "title" if "-title" in str(child.get("class")) else child.name

    def _quoted(self, child: Tag) -> Iterator[str]:
        match child.name:
            case "ul" | "ol":
                yield from self.list_lines(child)
            case "pre":
                yield from code_block(child).split("\n")
            case "blockquote":
                yield from (line.removeprefix("> ") for line in self.quote_lines(child))
            case "table":
                yield from self.table(child).split("\n")
            case "dl":
                yield from self.definitions(child).split("\n")
            case "hr":
                return
            case name if re.fullmatch(r"h[1-6]", name):
                text = self.heading(child)
                if text:
                    yield heading_line(text, int(name[1]))
            case _:
                text = self.paragraph(child)
                if text:
                    yield from text.split("\n")

    def definitions(self, node: Tag) -> str:
        """Render a definition list: terms in bold, each definition a list item below."""
        return "\n".join(self._definition_lines(node, 1, 0))

    def _definition_lines(self, node: Tag, depth: int, indent: int) -> Iterator[str]:
        for child in node.find_all(["dt", "dd"], recursive=False):
            if child.name == "dd":
                yield from self._item(child, "- ", depth, indent)
                continue
            text = self.inline(child.contents).strip()
            term = f"**{text}**" if text and not child.find("strong") else text
            yield " " * indent + (_unglued(term) if indent else term)

    def table(self, node: Tag) -> str:
        """Render a table: an aligned code block when it is narrow and plain, else a line of ``**column:** value`` pairs per row."""
        # A table inside a cell is part of that cell.
        rows = [row.find_all(["th", "td"], recursive=False) for row in node.find_all("tr") if row.find_parent("table") is node]
        rows = [row for row in rows if row]
        if not rows:
            return self.inline(node.contents).strip()
        caption = node.find("caption", recursive=False)
        title = f"{self.inline(caption.contents).strip()}\n" if caption else ""
        plain = [[" ".join(cell.get_text(" ").split()) for cell in row] for row in rows]
        widths = [max((_width(row[n]) for row in plain if n < len(row)), default=0) for n in range(max(map(len, plain)))]
        if sum(widths) + 3 * (len(widths) - 1) <= _TABLE_WIDTH and not node.find(["a", "img", "pre", "ul", "ol"]):
            return title + _aligned(plain, widths, header=bool(rows[0][0].name == "th"))
        header = [self.inline(cell.contents, frozenset({"strong"})).strip() for cell in rows[0]] if rows[0][0].name == "th" else []
        lines: list[str] = []
        for row in rows[1:] if header else rows:
            cells = [(self.inline(cell.contents).replace("\n", " ").strip(), n) for n, cell in enumerate(row)]
            lines.append(
                " · ".join(f"**{header[n]}:** {text}" if n < len(header) and header[n] else text for text, n in cells if text)
            )
        if header and not lines:
            lines.append(" · ".join(f"**{name}**" for name in header if name))
        return title + "\n".join(escape_line_starts(line) for line in lines)


_TABLE_WIDTH: Final = 62
"""Columns of a code block that fit an embed on a desktop client without wrapping."""


def _width(text: str) -> int:
    """Return the columns that a cell takes; of one that is too wide for any table, at least so many."""
    return len(text) if len(text) > _TABLE_WIDTH else sum(2 if EMOJI.match(c) else 1 for c in text)


def _aligned(rows: Sequence[Sequence[str]], widths: Sequence[int], *, header: bool) -> str:
    lines: list[str] = []
    for number, row in enumerate(rows):
        cells = [
            cell + " " * (width - _width(cell))
            for cell, width in zip([*row, *[""] * (len(widths) - len(row))], widths, strict=True)
        ]
        lines.append(" | ".join(cells).rstrip())
        if header and number == 0:
            lines.append("-+-".join("-" * width for width in widths))
    return fenced("\n".join(lines), "")


def _stand_apart(before: object, before_text: str, after: object, after_text: str) -> bool:
    """Tell whether a space is missing between two neighbours in a line, since one of them is a block that stands apart on its site."""
    blocks = any(isinstance(node, Tag) and node.name in STANDING for node in (before, after))
    return blocks and not before_text[-1].isspace() and not after_text[0].isspace()


def _clashes(before: object, before_text: str, after: object, after_text: str) -> bool:
    """Tell whether two neighbours' markers would run together."""
    if before_text.endswith("`") and after_text.startswith("`"):
        return True
    if isinstance(before, Tag) and isinstance(after, Tag):
        return before_text[-1] in "*_~|" and after_text[0] in "*_~|"
    return (
        before_text.endswith(("*", "_"))
        and after_text.startswith(before_text[-1])
        and not before_text.endswith("\\" + before_text[-1])
    )


def _bare_link(text: str, url: str) -> str:
    """Write an address as a link that shows itself and no preview, as its author wrote it where Discord reads that as one address."""
    if is_web(url):
        return f"<{text if is_web(text) and _PLAIN_URL.fullmatch(text) and urlsplit(text).netloc == urlsplit(url).netloc else url}>"
    return f"<{text}>" if url.startswith("mailto:") and _MAIL.fullmatch(text) else escape(text)


def _unglued(line: str) -> str:
    """Write a line that goes on in a list's item: Discord drops the line break before anything but a letter, digit or non-ASCII."""
    kept = _WORD.match(line) or not line[:1].isascii() or line.startswith(("```", "> ", "-# "))
    return line if kept or not line else GAP + line


def _said(link: Tag) -> str:
    """Return a link's text: of one that holds nothing else, as most do, without the search that ``get_text`` is."""
    only = link.contents[0] if len(link.contents) == 1 else None
    return str(only) if type(only) is NavigableString else link.get_text()


def _balanced(text: str) -> bool:
    if "[" not in text and "]" not in text:
        return True
    depth = 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if depth < 0:
            return False
    return depth == 0


def _wrap_link(label: str, url: str) -> str:
    """Write a masked link, white space at the label's ends moved out of it."""
    stripped = label.strip()
    lead, tail = label[: len(label) - len(label.lstrip())], label[len(label.rstrip()) :]
    return f"{lead}[{' '.join(stripped.split())}]({url}){tail}"


def code_span(text: str) -> str:
    """Write inline code; backticks inside are fenced by two, and never more than one in a row."""
    text = text.replace("\n", " ")
    if not text:
        return ""
    if "`" not in text:
        return f"`{text}`"
    while "``" in text:
        text = text.replace("``", f"`{GAP}`")
    return f"`` {text} ``"


def code_block(node: Tag) -> str:
    """Write a ``pre`` as a fenced block with its language."""
    code = node.find("code")
    classes = [str(name) for name in ((code.get("class") if code else None) or node.get("class") or ())]
    language = next((name.removeprefix("language-") for name in classes if name.startswith("language-")), "")
    return fenced(node.get_text().strip("\n").expandtabs(4), language)


def fenced(code: str, language: str) -> str:
    """Fence code: Discord ends a block at the next three backticks whatever their length, and shows an empty one raw."""
    language = language if re.fullmatch(r"[A-Za-z0-9_+.#-]+", language) else ""
    while "```" in code:
        code = code.replace("```", f"``{GAP}`")
    if not code.strip():
        return ""
    if code.endswith("`"):
        code += GAP
    return f"```{language}\n{code}\n```"


def heading_line(text: str, level: int) -> str:
    """Write a heading at the start of a line: levels 1 to 3 as headings, deeper ones in bold."""
    if not text:
        return ""
    if level > 3:  # noqa: PLR2004 - Discord has three levels
        return text if "**" in text else f"**{text}**"
    # The heading's text is parsed for blocks again, and #s at its end would be dropped.
    return f"{'#' * level} {escape_line_starts(text)}{GAP if text.endswith('#') else ''}"
