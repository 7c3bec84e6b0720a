"""What is Markdown though it stands in something else, as sites read it: directives in fences, boxes of colons, lines of HTML.

All of it is opened while the Markdown is parsed, so that lines, footnotes and links within it are those of the issue.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from textwrap import dedent
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.container import container_plugin

from heartbeat_bot.issues.tree import LINE

_SELF_CLOSING = re.compile(
    r"<([A-Za-z][\w.:-]*)((?:\s+[^\s\"'<>/=]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|\{[^}]*\}|[^\s\"'=<>`]+))?)*)\s*/>"
)
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
_VOID: Final = frozenset(str.split("area base br col embed hr img input link meta source track wbr"))
_HEADING_LINE = re.compile(r"^ {0,3}#{1,6}(?:[ \t]+|$)")
VERBATIM: Final = re.compile(r"\s*<(?:pre|script|style|textarea|!--)", re.IGNORECASE)
"""HTML whose lines are no Markdown, whatever they look like."""


def open_directives(md: MarkdownIt) -> None:
    """Make a parser open them; a plugin of markdown-it's."""
    md.use(container_plugin, "box", validate=_opens_box, render=_box)
    md.core.ruler.after("block", "recover_headings", _recover_headings)
    md.core.ruler.after("recover_headings", "directives", _open)
    for name in ("html_block", "html_inline"):
        md.add_render_rule(name, _html)


def _recover_headings(state: StateCore) -> None:
    """Cut ``html_block`` tokens before a Markdown heading: CommonMark ends an HTML block only at a blank line."""
    tokens: list[Token] = []
    for token in state.tokens:
        tokens.append(token)
        lines = token.content.split("\n") if token.type == "html_block" and not VERBATIM.match(token.content) else []
        cut = next((n for n, line in enumerate(lines) if n and _HEADING_LINE.match(line)), None)
        if cut is not None:
            token.content = "\n".join(lines[:cut]) + "\n"
            tokens += _blocks_of(state, "\n".join(lines[cut:]), _start(token) + cut)
    state.tokens = tokens


def _open(state: StateCore) -> None:
    state.tokens = list(_opened(state, state.tokens, 0))


def _opened(state: StateCore, tokens: Sequence[Token], depth: int) -> Iterator[Token]:
    """Open what is no code though fences stand round it, and what is Markdown though HTML stands round it; say titles of code."""
    for token in tokens:
        if token.type == "fence" and token.info:
            yield from _opened_fence(state, token, depth)
        elif token.type == "html_block" and _MARKDOWN_INSIDE.match(token.content):
            yield from _opened_html(state, token)
        else:
            yield token


def _opened_fence(state: StateCore, token: Token, depth: int) -> Iterator[Token]:
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
            yield from _opened(state, _blocks_of(state, content, _start(token) + 1 + len(options)), depth + 1)
            yield _html_block("</div>\n", token)
        else:
            yield _html_block(f'<figure><img src="{escape(argument)}" alt="{escape(options.get("alt", ""))}">\n<figcaption>', token)
            yield Token("inline", "", 0, content=content.strip(), map=token.map, children=[])
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


def _opened_html(state: StateCore, token: Token) -> Iterator[Token]:
    """Read the lines of an HTML block that are Markdown, as its ``markdown`` attribute says."""
    number = _start(token)
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


def _start(token: Token) -> int:
    return token.map[0] if token.map else 0


def _html_block(html: str, beside: Token) -> Token:
    return Token("html_block", "", 0, content=html, map=beside.map)


def _html(_renderer: object, tokens: Sequence[Token], index: int, *_: object) -> str:
    """Write raw HTML with its line, and elements that close themselves, as MDX has them, as HTML does."""
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


def _box(_renderer: object, tokens: Sequence[Token], index: int, *_: object) -> str:
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
