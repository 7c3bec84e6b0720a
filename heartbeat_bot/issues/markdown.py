"""A body of Markdown (with raw HTML, MDX tags and template remains) → one tree of HTML elements with source lines.

Everything after this file sees only the tree, so Markdown, raw HTML and custom tags share one renderer.
"""

import re
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, Final

from bs4 import BeautifulSoup
from bs4.element import Tag
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.tree import LINE, blocks, drop_invisible, drop_notes, tidy

# Generator remains that a reader of the site never sees: Liquid and Hugo tags, MDX comments and import lines, teaser marks.
_TEMPLATE = re.compile(r"\{%-?.*?-?%\}|\{\{[<%].*?[%>]\}\}|\{/\*.*?\*/\}", re.DOTALL)
_IMPORT = re.compile(r"^(?:import\s+(?:[\w{*].*\s+from\s+)?['\"].*['\"];?|export\s+(?:const|default)\b.*)$")
_SELF_CLOSING = re.compile(
    r"<([A-Za-z][\w.:-]*)((?:\s+[^\s\"'<>/=]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|\{[^}]*\}|[^\s\"'=<>`]+))?)*)\s*/>"
)
_HEADING_LINE = re.compile(r"^ {0,3}#{1,6}(?:[ \t]+|$)")
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
# Deeper text would be dropped in silence, by this parser and by lxml (256 levels).
_MAX_NESTING: Final = 100
_TEMPLATE_ENDS: Final = {"{%": "%}", "{{<": ">}}", "{{%": "%}}", "{/*": "*/}"}
_MARKS: Final = "[*_`<{~"
_MAX_EFFORT: Final = 12_000_000
"""Reading a paragraph takes time that grows with the square of its marks; this much is a second. Real issues stay below 10,000."""
_MAX_TOKENS: Final = 15_000
_MAX_ELEMENTS: Final = 5_000
"""Real issues have up to 1,600 tokens and 800 elements; the time to settle a tree grows with the square of their number."""


class UnreadableError(ValueError):
    """A body cannot be read whole, in a sentence; ``line`` counts from 1 in the body."""

    def __init__(self, message: str, line: int = 1) -> None:
        """Keep the line beside the sentence."""
        super().__init__(message)
        self.line = line


def _template_rule(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's signature
    """Read ``{% … %}``, ``{{< … >}}`` and ``{/* … */}`` as marks that show nothing."""
    if not state.src.startswith("{", state.pos):
        return False
    # Without this look ahead, each opening mark of many that nothing closes would be searched for to the end of the paragraph.
    end = next((end for start, end in _TEMPLATE_ENDS.items() if state.src.startswith(start, state.pos)), "")
    if not end or state.src.find(end, state.pos) < 0:
        return False
    match = _TEMPLATE.match(state.src, state.pos)
    if not match:
        return False
    if not silent:
        token = state.push("template_mark", "", 0)
        token.content = match.group()
    state.pos = match.end()
    return True


def _lines_rule(state: StateCore) -> None:
    """Keep each block's source line as an attribute, and give headings swallowed by an HTML block back their meaning."""
    for token in state.tokens:
        if token.map and token.nesting >= 0:
            token.attrSet(LINE, str(token.map[0] + 1))


def _effort_rule(state: StateCore) -> None:
    """Refuse what would take minutes to read, before the inline rules see it: thousands of marks in one paragraph, or of blocks."""
    if len(state.tokens) > _MAX_TOKENS:
        raise UnreadableError(f"it has more than {_MAX_TOKENS // 3} paragraphs, items and cells, too many for an issue; split it")
    effort = 0
    for token in state.tokens:
        if token.type == "inline":
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
        rest: list[Token] = []
        # Blocks only: the inline rules see these tokens when their turn comes.
        state.md.block.parse("\n".join(lines[cut:]), state.md, state.env, rest)
        for inner in rest:
            if inner.map:
                inner.map = [inner.map[0] + start + cut, inner.map[1] + start + cut]
        tokens.extend(rest)
    state.tokens = tokens


def _skip(
    _renderer: RendererProtocol, _tokens: Sequence[Token], _index: int, _options: OptionsDict, _env: MutableMapping[str, Any]
) -> str:
    return ""


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


def _build() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": True, "linkify": True, "maxNesting": _MAX_NESTING}).enable(
        ["table", "strikethrough", "linkify"]
    )
    assert md.linkify is not None
    md.linkify.set(  # pyright: ignore[reportUnknownMemberType] - linkify-it has no types
        {"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False}
    )
    md.use(footnote_plugin).use(deflist_plugin)
    md.inline.ruler.before("escape", "template", _template_rule)
    md.core.ruler.after("block", "recover_headings", _recover_rule)
    md.core.ruler.after("recover_headings", "effort", _effort_rule)
    md.core.ruler.push("source_lines", _lines_rule)
    rules: dict[str, Callable[..., str]] = {"template_mark": _skip, "html_block": _html, "html_inline": _html}
    for name, rule in rules.items():
        md.add_render_rule(name, rule)
    return md


_MD = _build()


def parse(body: str, first_line: int) -> tuple[list[Tag], list[Finding]]:
    """Return the top-level blocks of a body, tidied as :mod:`heartbeat_bot.issues.tree` says, and what was dropped from it.

    ``first_line`` is the line of the file where the body starts; elements carry their line of the file in ``LINE``.
    Raises UnreadableError when the body is nested too deeply to be read whole, or too large to be read in a moment.
    """
    lines = body.split("\n")
    if any(_IMPORT.match(line) for line in lines):
        code = _lines_of_code(body)
        lines = ["" if number not in code and _IMPORT.match(line) else line for number, line in enumerate(lines)]
    env: dict[str, Any] = {}
    tokens = _MD.parse("\n".join(lines), env)
    for token in tokens:
        line = token.map[0] + 1 if token.map else 1
        if token.level >= _MAX_NESTING - 1:
            raise UnreadableError(f"quotes or lists are nested more than {_MAX_NESTING // 2} deep", line)
        if any(inner.level >= _MAX_NESTING for inner in token.children or ()):
            raise UnreadableError(f"bold and italic text is nested more than {_MAX_NESTING} deep", line)
    soup = BeautifulSoup(_MD.renderer.render(tokens, _MD.options, env), "lxml")
    if len(soup.find_all(limit=_MAX_ELEMENTS + 1)) > _MAX_ELEMENTS:
        raise UnreadableError(f"it has more than {_MAX_ELEMENTS} elements, too many for an issue; split it")
    findings: list[Finding] = []
    for element in soup.select(f"[{LINE}]"):
        element[LINE] = str(int(str(element[LINE])) + first_line - 1)
    drop_invisible(soup)
    findings.extend(drop_notes(soup))
    tidy(soup)
    return blocks(soup), findings


def block_tokens(body: str) -> list[Token]:
    """Return the blocks of a body as CommonMark has them, without their inline parts and without recovered headings."""
    tokens: list[Token] = []
    _MD.block.parse(body, _MD, {}, tokens)
    return tokens


def _lines_of_code(body: str) -> set[int]:
    """Return the lines (from 0) of the body that lie in code blocks."""
    return {
        number
        for token in block_tokens(body)
        if token.type in {"fence", "code_block"} and token.map is not None
        for number in range(*token.map)
    }
