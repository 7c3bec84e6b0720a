"""A body of Markdown (with raw HTML, MDX tags and template remains) → one tree of HTML elements with source lines.

Everything after this file sees only the tree, so Markdown, raw HTML and custom tags share one renderer.
"""

import re
from collections.abc import Iterator, MutableMapping, Sequence
from html import escape
from itertools import groupby
from textwrap import dedent
from typing import Any, Final, cast

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, Tag
from linkify_it import LinkifyIt  # pyright: ignore[reportMissingTypeStubs] - it has none
from linkify_it.main import Match  # pyright: ignore[reportMissingTypeStubs] - likewise
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from heartbeat_bot.issues.decoding import sound
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.templates import fill_in
from heartbeat_bot.issues.tree import (
    LINE,
    blocks,
    drop_attributes,
    drop_invisible,
    drop_notes,
    fill_components,
    fill_spans,
    mend_tables,
    open_boxes,
    tidy,
)

# Lines of MDX that name modules: no text.
_IMPORT = re.compile(r"^(?:import\s+(?:[\w{*].*\s+from\s+)?['\"].*['\"];?|export\s+(?:const|default)\b.*)$")
_SELF_CLOSING = re.compile(
    r"<([A-Za-z][\w.:-]*)((?:\s+[^\s\"'<>/=]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|\{[^}]*\}|[^\s\"'=<>`]+))?)*)\s*/>"
)
_MAX_IMPORT: Final = 1000
"""Characters of such a line: the pattern takes time that grows with the square of them."""
_BOX_TITLE = re.compile(r"(\{[^}]*\}|[\w-]*)[\s\[]*(?:\{[^}]*\}\s*)?(.*?)\]?\s*$")
_DIRECTIVE = re.compile(r"\{([a-z][a-z-]*)\}[ \t]*(.*)")
_CHUNK = re.compile(r"\{\.?([A-Za-z][\w+#-]*)[^{}]*\}")
_OPTION = re.compile(r"[ \t]*:([\w-]{1,40}):[ \t]*(.*)")
_CHUNK_OPTION = re.compile(r"(?:#|//|%%)\| ")
_CODE_TITLE = re.compile(r"(?:^|\s)(?:title|filename|name)=(?:\"([^\"]*)\"|'([^']*)')|\s\[([^\]]+)\]\s*$")
_MARKDOWN_INSIDE = re.compile(r"\s*<[A-Za-z][\w-]*\s(?:[^<>]*\s)?markdown(?:=[\"']?\w+[\"']?)?[\s>]")
_ADMONITIONS: Final = frozenset(
    {"admonition", "attention", "caution", "danger", "error", "hint", "important", "note", "seealso", "tip", "warning", "topic"}
)
_CODE_DIRECTIVES: Final = frozenset({"code", "code-block", "code-cell", "sourcecode"})
_ALTERNATIVES: Final = frozenset({"code-group", "tabs", "tab-set", "columns", "center", "div"})
"""Boxes whose parts stand beside each other on the site, in no frame of their own."""
_MAX_DIRECTIVES: Final = 4
"""Directives within directives that are opened; what is deeper stays code."""
_HEADING_LINE = re.compile(r"^ {0,3}#{1,6}(?:[ \t]+|$)")
_NORMAL = re.compile(
    r"https?://(?:[a-z0-9-]{1,63}\.){1,3}[a-z]{2,63}(?:[/?#](?:[A-Za-z0-9/?#_.~+=&,:@;$!*()-]|%[0-9A-Fa-f]{2})*)?", re.ASCII
)
_MAX_SCHEME: Final = 20
_SCHEME_END: Final = re.compile(r"(?:^|[^a-z0-9.+-])([a-z][a-z0-9.+-]*)$", re.IGNORECASE)
_MAX_ADDRESS: Final = 2100
"""Characters of an address that are read: Discord takes none of more than 2,048."""
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
# Deeper text would be dropped in silence, by this parser and by lxml (256 levels).
_MAX_NESTING: Final = 100
_MARKS: Final = "[*_`<{~"
_MAX_EFFORT: Final = 12_000_000
"""Reading a paragraph takes time that grows with the square of its marks; this much is a second. Real issues stay below 10,000."""
_MAX_DEPTH: Final = 200
"""Python gives up at about three times that in what walks the tree; real issues stay below 20."""
_MAX_TOKENS: Final = 15_000
_MAX_ELEMENTS: Final = 5_000
"""Real issues have up to 1,600 tokens and 800 elements; the time to settle a tree grows with the square of their number."""


class UnreadableError(ValueError):
    """A body cannot be read whole, in a sentence; ``line`` counts from 1 in the body."""

    def __init__(self, message: str, line: int = 1) -> None:
        """Keep the line beside the sentence."""
        super().__init__(message)
        self.line = line


def _lines_rule(state: StateCore) -> None:
    """Keep each block's source line as an attribute, and give headings swallowed by an HTML block back their meaning."""
    for token in state.tokens:
        if token.map and token.nesting >= 0:
            token.attrSet(LINE, str(token.map[0] + 1))


def _effort_rule(state: StateCore) -> None:
    """Refuse what would take minutes to read, before the inline rules see it: thousands of marks in one paragraph, or of blocks."""
    if len(state.tokens) > _MAX_TOKENS:
        raise UnreadableError(f"it has more than {_MAX_TOKENS // 3} paragraphs, items and cells, too many for an issue; split it")
    effort = addresses = 0
    for token in state.tokens:
        if token.type == "inline":
            # Each that is made a link is taken apart and put together again, twice.
            addresses += token.content.count("//") + token.content.count("mailto:")
            if addresses > _MAX_ELEMENTS:
                message = f"it has more than {_MAX_ELEMENTS} addresses, too many for an issue; split it"
                raise UnreadableError(message, token.map[0] + 1 if token.map else 1)
            effort += sum(token.content.count(mark) ** 2 for mark in _MARKS)
            if effort > _MAX_EFFORT:
                message = "a paragraph holds thousands of brackets, stars, backticks or tags, too many to be meant; remove them"
                raise UnreadableError(message, token.map[0] + 1 if token.map else 1)


def _recover_rule(state: StateCore) -> None:
    """Cut ``html_block`` tokens before a Markdown heading: CommonMark ends an HTML block only at a blank line."""
    tokens: list[Token] = []
    for token in state.tokens:
        lines = token.content.split("\n") if token.type == "html_block" and token.map else []
        cut = next((n for n, line in enumerate(lines) if n and _HEADING_LINE.match(line)), None)
        if cut is None or token.map is None or re.match(r"\s*<(?:pre|script|style|textarea|!--)", lines[0], re.IGNORECASE):
            tokens.append(token)
            continue
        start = token.map[0]
        token.content = "\n".join(lines[:cut]) + "\n"
        tokens.append(token)
        tokens += _blocks_of(state, "\n".join(lines[cut:]), start + cut)
    state.tokens = tokens


def _directives_rule(state: StateCore) -> None:
    """Open what is no code though fences stand round it, and what is Markdown though HTML stands round it; say titles of code."""
    if any(token.type in {"fence", "html_block"} for token in state.tokens):
        state.tokens = list(_opened(state, state.tokens, 0))


def _opened(state: StateCore, tokens: Sequence[Token], depth: int) -> Iterator[Token]:
    for token in tokens:
        if token.type == "fence" and token.info and token.map:
            yield from _opened_fence(state, token, token.map[0], depth)
        elif token.type == "html_block" and token.map and _MARKDOWN_INSIDE.match(token.content):
            yield from _opened_html(state, token, token.map[0])
        else:
            yield token


def _opened_fence(state: StateCore, token: Token, start: int, depth: int) -> Iterator[Token]:
    """Return what a fence stands for: a directive of MyST, a chunk of Quarto or R Markdown, or code with a title."""
    directive = _DIRECTIVE.fullmatch(token.info.strip())
    name, argument = directive.groups() if directive else ("", "")
    lines = token.content.split("\n")
    if name in _ADMONITIONS | _CODE_DIRECTIVES | {"figure", "image"} and depth < _MAX_DIRECTIVES:
        options = dict[str, str]()
        while lines and (option := _OPTION.fullmatch(lines[0])):
            options[option.group(1)] = option.group(2)
            del lines[0]
        content = "\n".join(lines)
        if name in _CODE_DIRECTIVES:
            token.info, token.content = argument, content
            yield token
        elif name in _ADMONITIONS:
            title = escape(argument or name.capitalize())
            yield _html_block(f"<div class='admonition'><p class='admonition-title'>{title}</p>\n", token)
            yield from _opened(state, _blocks_of(state, content, start + 1 + len(options)), depth + 1)
            yield _html_block("</div>\n", token)
        else:
            yield _html_block(f'<figure><img src="{escape(argument)}" alt="{escape(options.get("alt", ""))}">\n<figcaption>', token)
            caption = Token("inline", "", 0, content=content.strip(), map=token.map, children=[])
            yield caption
            yield _html_block("</figcaption></figure>\n", token)
        return
    if chunk := _CHUNK.match(token.info):
        token.info = chunk.group(1)
        while lines and _CHUNK_OPTION.match(lines[0]):
            del lines[0]
        token.content = "\n".join(lines)
    elif titled := _CODE_TITLE.search(token.info):
        yield _html_block(f"<p>{escape(next(filter(None, titled.groups()), ''))}</p>\n", token)
    yield token


def _opened_html(state: StateCore, token: Token, start: int) -> Iterator[Token]:
    """Read the lines of an HTML block that are Markdown, as its ``markdown`` attribute says."""
    number = start
    for tags, group in groupby(token.content.split("\n"), key=lambda line: line.lstrip().startswith("<")):
        lines = list(group)
        if tags:
            yield _html_block("\n".join(lines) + "\n", token)
        else:
            yield from _blocks_of(state, dedent("\n".join(lines)), number)
        number += len(lines)


def _blocks_of(state: StateCore, text: str, line: int) -> list[Token]:
    """Return the blocks of a text that starts in a line of the body, from 0; the inline rules see them when their turn comes."""
    tokens: list[Token] = []
    state.md.block.parse(text, state.md, state.env, tokens)
    for token in tokens:
        if token.map:
            token.map = [token.map[0] + line, token.map[1] + line]
    return tokens


def _html_block(html: str, beside: Token) -> Token:
    return Token("html_block", "", 0, content=html, map=beside.map)


def _html(
    _renderer: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: MutableMapping[str, Any]
) -> str:
    token = tokens[index]
    html = _SELF_CLOSING.sub(_open_and_close, token.content)
    line = token.attrGet(LINE)
    if line and token.type == "html_block":
        html = re.sub(r"\A(\s*<[A-Za-z][\w.:-]*)(?=[\s>/])", rf'\1 {LINE}="{line}"', html)
    return html


def _open_and_close(match: re.Match[str]) -> str:
    name, attributes = match.group(1), match.group(2)
    return match.group() if name.lower() in _VOID else f"<{name}{attributes}></{name}>"


def _opens_box(params: str, _markup: str) -> bool:
    """Tell whether `::: params` opens a box, as Docusaurus, VuePress and Quarto write them: any name does."""
    return re.match(r"\s*[\w{]", params) is not None


def _box(
    _renderer: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: MutableMapping[str, Any]
) -> str:
    """Open a box with its title, `:::tip[Title]` or `::: tip Title`; a box without one has its kind for a title."""
    if tokens[index].nesting < 0:
        return "</div>\n"
    named = _BOX_TITLE.match(" ".join(tokens[index].info.split()))
    kind, title = named.groups() if named else ("", "")
    braced = kind.startswith("{")
    callout = re.search(r"\.callout-(\w+)", kind)
    bare = callout.group(1) if callout else kind.strip("{}")
    if bare in _ALTERNATIVES or (braced and not callout and not re.fullmatch(r"[\w-]+", bare)):
        return "<div>\n"
    said = title.strip()
    # The first heading in a callout of Quarto's is its title.
    if not said and bare != "admonition" and tokens[index + 1].type != "heading_open":
        said = bare.capitalize()
    heading = f"<p class='admonition-title'>{escape(said)}</p>\n" if said else ""
    return f"<div class='admonition'>\n{heading}"


class _Addresses(LinkifyIt):
    """Finds addresses with a scheme, in time that grows with the text.

    The library's own search tries an address at every scheme, within others too, and reads on to the end of the text each time.
    """

    def pretest(self, text: str) -> bool:
        return ":" in text or "//" in text

    def test(self, text: str) -> bool:
        return self.match(text) is not None

    def match(self, text: str) -> list[Match] | None:
        if not self.pretest(text):
            return None
        found: list[Match] = []
        end = 0
        for start in re.finditer(str(self.re["schema_search"]), text, re.IGNORECASE):
            before, scheme = start.groups()
            index = start.start() + len(before)
            if index < end:
                continue
            around = text[start.start() : start.end() + _MAX_ADDRESS]
            length = int(cast("Any", self).test_schema_at(around, scheme, len(before) + len(scheme)))
            if length:
                end = start.end() + length
            # What is longer leads nowhere; as it stays text, so does what goes on with it.
            if 0 < length < _MAX_ADDRESS:
                found.append(self._create_match(text, scheme, index, end))  # pyright: ignore[reportUnknownMemberType] - likewise
        return found or None


def _address_rule(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - the parser's signature
    """Read an address where its `://` stands, as the parser's own rule does, which looks through all text before it and behind it."""
    if not state.src.startswith("://", state.pos) or state.linkLevel > 0:
        return False
    before = _SCHEME_END.search(state.pending[-_MAX_SCHEME:])
    if before is None:
        return False
    scheme = before.group(1)
    found = cast("Any", state.md.linkify).match_at_start(state.src[state.pos - len(scheme) : state.pos + _MAX_ADDRESS])
    if found is None or found.last_index >= _MAX_ADDRESS:
        return False
    # A star at the end is one of emphasis.
    url = str(found.url).rstrip("*")
    target = state.md.normalizeLink(url)
    if not state.md.validateLink(target):
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme)]
        state.push("link_open", "a", 1).attrs = {"href": target}
        state.push("text", "", 0).content = state.md.normalizeLinkText(url)
        state.push("link_close", "a", -1)
    state.pos += len(url) - len(scheme)
    return True


class _Markdown(MarkdownIt):
    """Leaves addresses that have nothing to normalise as they are: the parser takes each apart, which is a tenth of its time."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the name is the parser's
        return url if _NORMAL.fullmatch(url) else super().normalizeLink(url)


def _build(*, plugins: bool) -> MarkdownIt:
    options = {"html": True, "linkify": True, "maxNesting": _MAX_NESTING, "tasklists": True, "alerts": True}
    md = _Markdown("commonmark", options).enable(["table", "strikethrough", "linkify"])
    md.linkify = _Addresses()
    md.linkify.set(  # pyright: ignore[reportUnknownMemberType] - linkify-it has no types
        {"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False}
    )
    md.inline.ruler.at("linkify", _address_rule)
    if plugins:
        md.use(footnote_plugin).use(deflist_plugin).use(admon_plugin)
        md.use(container_plugin, "box", validate=_opens_box, render=_box)
    md.core.ruler.after("block", "recover_headings", _recover_rule)
    md.core.ruler.after("recover_headings", "directives", _directives_rule)
    md.core.ruler.after("directives", "effort", _effort_rule)
    md.core.ruler.push("source_lines", _lines_rule)
    for name in ("html_block", "html_inline"):
        md.add_render_rule(name, _html)
    return md


_MD = _build(plugins=True)
_PLAIN = _build(plugins=False)
"""Reads the same in a body that none of the plugins has a mark in, without asking them at every line."""
_PLUGIN_MARKS = re.compile(r"\[\^|\^\[|!!!|\?\?\?|:::|^[ \t>*+\-\d.)]*[:~][ \t]", re.MULTILINE)


def parse(body: str, first_line: int) -> tuple[list[Tag], list[Finding]]:
    """Return the top-level blocks of a body, tidied as :mod:`heartbeat_bot.issues.tree` says, and what was dropped from it.

    ``first_line`` is the line of the file where the body starts; elements carry their line of the file in ``LINE``.
    Raises UnreadableError when the body is nested too deeply to be read whole, or too large to be read in a moment.
    """
    filled, findings = fill_in(_without_imports(body), first_line, _code_lines)
    env: dict[str, Any] = {}
    md = _MD if _PLUGIN_MARKS.search(filled) else _PLAIN
    tokens = md.parse(filled, env)
    for token in tokens:
        line = token.map[0] + 1 if token.map else 1
        if token.level >= _MAX_NESTING - 1:
            raise UnreadableError(f"quotes or lists are nested more than {_MAX_NESTING // 2} deep", line)
        if any(inner.level >= _MAX_NESTING for inner in token.children or ()):
            raise UnreadableError(f"bold and italic text is nested more than {_MAX_NESTING} deep", line)
    soup = _tree(md.renderer.render(tokens, md.options, env))
    _count_lines(soup, first_line)
    drop_invisible(soup)
    findings.extend(drop_notes(soup))
    drop_attributes(soup)
    findings.extend(fill_components(soup))
    open_boxes(soup)
    mend_tables(soup)
    fill_spans(soup)
    tidy(soup)
    return blocks(soup), findings


class _Element(Tag):
    """An element that climbs to the one it stands in: markdownify asks for that at every element, and filters took as long as the rest of its walk."""

    def find_parent(self, name: Any = None, attrs: Any = None, **others: Any) -> Tag | None:
        if not isinstance(name, str) or attrs or others:
            return super().find_parent(name, attrs, **others)
        return next((parent for parent in self.parents if parent.name == name), None)


def _tree(html: str) -> BeautifulSoup:
    """Return the tree of a body's HTML, as a browser would mend it, with sound texts."""
    # Behind an element nothing is taken for an XML declaration, or for the name of a file, of which Beautiful Soup would warn.
    soup = BeautifulSoup(f"<body>{sound(html)}", "lxml", element_classes={Tag: _Element})
    if "&#" in html:  # an entity may have made anything
        for node in list(soup.descendants):
            if isinstance(node, Tag):
                node.attrs.update({key: sound(value) for key, value in node.attrs.items() if isinstance(value, str)})
            elif isinstance(node, NavigableString) and (text := sound(node)) != node:
                node.replace_with(text)
    return soup


def _count_lines(soup: BeautifulSoup, first_line: int) -> None:
    """Make the lines of elements those of the file; refuse a tree that is too large, or too deep for what walks it later."""
    count = 0
    stack: list[Iterator[PageElement]] = [iter(soup.contents)]
    while stack:
        for node in stack[-1]:
            if not isinstance(node, Tag):
                continue
            count += 1
            line = node.attrs.get(LINE)
            if line is None:
                pass
            elif isinstance(line, str) and line.isdecimal():
                node[LINE] = str(int(line) + first_line - 1)
            else:
                # An author's own attribute of this name says nothing about lines.
                del node[LINE]
            if node.contents:
                stack.append(iter(node.contents))
                break
        else:
            stack.pop()
        if count > _MAX_ELEMENTS:
            raise UnreadableError(f"it has more than {_MAX_ELEMENTS} elements, too many for an issue; split it")
        if len(stack) > _MAX_DEPTH:
            raise UnreadableError("its HTML tags are nested too deeply")


def block_tokens(body: str) -> list[Token]:
    """Return the blocks of a body as CommonMark has them, without their inline parts and without recovered headings."""
    tokens: list[Token] = []
    _MD.block.parse(body, _MD, {}, tokens)
    return tokens


def _without_imports(body: str) -> str:
    """Blank the lines of MDX that import and export modules, outside code."""
    lines = body.split("\n")
    if not any(map(_is_import, lines)):
        return body
    quoted = {number for begin, end in _code_lines(body) for number in range(begin, end)}
    return "\n".join("" if _is_import(line) and number not in quoted else line for number, line in enumerate(lines))


def _is_import(line: str) -> bool:
    return line.startswith(("import", "export")) and len(line) <= _MAX_IMPORT and _IMPORT.match(line) is not None


def _code_lines(body: str) -> list[tuple[int, int]]:
    """Return the first and the last but one line (from 0) of each code block."""
    return [(token.map[0], token.map[1]) for token in block_tokens(body) if token.type in {"fence", "code_block"} and token.map]
