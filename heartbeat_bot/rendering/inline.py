"""Inline content of an issue's tree → Discord's dialect, by one markdownify subclass: text, styles, links, pictures inside text."""

import re
from collections.abc import Sequence
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

from bs4.element import NavigableString, PageElement, Tag
from markdownify import MarkdownConverter

from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.tree import STANDING, has_any, line_of
from heartbeat_bot.rendering.dialect import GAP, code_span, escape, escape_line_starts
from heartbeat_bot.rendering.hosts import another_host
from heartbeat_bot.rendering.links import Links, is_vector, is_web, link_finding, shown_beside
from heartbeat_bot.rendering.masked_links import holds_marks, masked, parts_of

_TITLE: Final = "_title"
"""What is around the content of a title, as markdownify names what is no element."""
_STYLES = frozenset({"strong", "em", "s", "u"})
_MARKS: Final = {"strong": "**", "em": "*", "s": "~~", "u": "__"}
_RAISED: Final = str.maketrans("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
_LOWERED: Final = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_PLAIN_URL = re.compile(r"https?://[!-;=?-~]+", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_BREAK: Final = "\v"
"""A line break on its way through markdownify's walk, which would make one of two; the tree holds no such white space."""
_CONVERTED: Final = str.split(
    "a audio br code em embed iframe img input kbd li param q s samp source strong sub sup track u video wbr"
)
_OPTIONS: Final[dict[str, Any]] = vars(MarkdownConverter(bs4_options="lxml", convert=_CONVERTED))["options"]


class InlineConverter(MarkdownConverter):
    """Renders inline content of a tidied tree (see issues/tree.py); the tree is only read.

    markdownify walks it and calls ``convert_<name>`` with an element, the text that its content became and the names of the elements
    around it; of elements without such a method that text is all. ``in_embed`` tells the slot: emoji in link texts break the link in a
    message's content, not in an embed's description.
    """

    def __init__(self, links: Links, findings: list[Finding] | None = None, *, in_embed: bool = True) -> None:
        """Resolve targets with ``links``; add what is wrong with them to ``findings``."""
        # What the superclass does here, once: it reads its options from the names of two classes, for every block anew.
        self.options = _OPTIONS
        self.convert_fn_cache = {}
        self.links = links
        self.in_embed = in_embed
        self.findings: list[Finding] = [] if findings is None else findings
        self.pictures: dict[int, tuple[str, str]] = {}
        """Addresses and alternative texts of pictures shown in place, by the number of their element: some are rendered twice."""
        self._before: tuple[object, str] | None = None

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
            self._report("vector-image" if url else "unresolved-image", el, source)
        else:
            self.pictures[id(el)] = (url, alt)
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
                self._report(problem, el, href)
        said = _said(el)
        bare = unquote(said.strip()) in {unquote(address) for address in {href, url, href.removeprefix("mailto:")}}
        if not url:
            beside = "" if bare else shown_beside(href)
            return self._walked(el.contents, parents) + (f" ({escape(beside)})" if beside else "")
        if not said.strip() and not has_any(el, {"img"}):
            if href.startswith("#"):
                return ""
            self._report("link-without-text", el, href)
            return f"<{url}>" if is_web(url) else ""
        if bare:
            return _bare_link(said.strip(), url)
        return self._masked(el.contents, url, parents, said, label=text)

    def _masked(self, nodes: Sequence[object], url: str, parents: frozenset[str], text: str, label: str | None = None) -> str:
        """Write a link; that its text names another host is a finding."""
        if another_host(text, url):
            self._report("link-names-another-host", nodes[0].parent if isinstance(nodes[0], PageElement) else None, url)
        inside = parents | {"a"}
        return masked(
            text,
            url,
            label=lambda: self._walked(nodes, inside) if label is None else label,
            parts=lambda: self._parts(nodes, inside),
            plain=lambda: self._walked(nodes, parents),
            in_embed=self.in_embed,
            styled=bool(parents & _STYLES),
        )

    def _report(self, rule: str, element: Tag | None, target: str) -> None:
        self.findings.append(link_finding(rule, line_of(element), target))

    def _parts(self, nodes: Sequence[object], inside: frozenset[str]) -> list[tuple[bool, str]]:
        """Return the parts of a link's text (see :func:`parts_of`), none where an element in it cannot be taken apart."""
        parts: list[tuple[bool, str]] = []
        for node in nodes:
            if not isinstance(node, Tag):
                parts += parts_of(str(node), in_embed=self.in_embed)
            elif holds_marks(node.get_text(), in_embed=self.in_embed, is_code=node.name in {"code", "img"}):
                return []
            else:
                parts.append((True, self._walked([node], inside)))
        return parts

    # -- lines --------------------------------------------------------------------------------------------------------

    def paragraph(self, node: Tag) -> str:
        """Render a paragraph: one line, plus one for each hard break."""
        return self.lines(node.contents)

    def lines(self, nodes: Sequence[object]) -> str:
        """Render a run of inline nodes that starts a line."""
        return escape_line_starts(self.inline(nodes).strip(" \n"))

    def heading(self, node: Tag) -> str:
        """Render a heading's text on one line, without its marker."""
        return self.inline(node.contents).replace("\n", " ").strip()

    def title(self, node: Tag) -> str:
        """Render a heading for an embed's title, which shows styles but no links."""
        return self.inline(node.contents, frozenset({_TITLE})).replace("\n", " ").strip()

    def masked_text(self, text: str, url: str) -> str:
        """Write plain text as a masked link."""
        return self._masked([NavigableString(text)], url, frozenset(), text)


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


def _said(link: Tag) -> str:
    """Return a link's text: of one that holds nothing else, as most do, without the search that ``get_text`` is."""
    only = link.contents[0] if len(link.contents) == 1 else None
    return str(only) if type(only) is NavigableString else link.get_text()
