"""What template tags of site generators stand for, filled in before the Markdown is read, as the generators do it.

Hugo ``{{< name … >}}`` and ``{{% name … %}}``, Liquid and Nunjucks ``{% name … %}`` and ``{{ value | filter }}``, Zola ``{{ name(…) }}``,
MDX ``{/* comment */}``, kramdown's ``{: .class}``, Material's ``=== "Tab"``, ``:material-icon:`` and ``--8<-- "file"``, MyST's ``(target)=`` and
``{role}``, Obsidian's ``> [!tip]- Title``, and the marks for a list of contents. Only the tags that come with the generators, and those
for videos and posts that nearly every site has, are known; any other shows nothing here, with a finding. Code is left alone: newsletters
quote such tags in it.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from itertools import accumulate
from typing import Final
from urllib.parse import quote

from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.rules import finding

# None reaches over the next mark of its kind, and all are bounded: many that nothing closes cost no more than the text that they are.
_TAG = re.compile(
    r"\{(?:%-?\s{0,9}comment\b[^%]{0,200}%\}(?:(?!\{%-?\s{0,9}comment\b).){0,5000}?\{%-?\s{0,9}endcomment\s{0,9}-?%\}"
    r"|%-?(?P<block>(?:(?!\{%).){0,1000}?)-?%\}"
    r"|\{-?/\*(?:(?!\{\{-?/\*).){0,5000}?\*/-?\}\}|/\*(?:(?!\{/\*).){0,5000}?\*/\}|#(?![\w-])(?:(?!\{#).){0,5000}?#\}"
    r"|\{[<%](?P<short>(?:(?!\{\{[<%]).){0,1000}?)[%>]\}\}"
    r"|(?<!\$\{)\{(?P<value>[^{}\n]{0,500})\}\}"
    r"|[a-z][a-z:-]{0,40}\}(?=`[^`]))"
    r"|:(?:material|octicons|fontawesome|simple)-[a-z0-9-]{1,80}:(?:\{[^{}\n]{0,200}\})?[ ]?"
    # Marks that have a line for themselves. First the list that kramdown replaces by the contents, before its other attributes.
    r"|^(?:[ \t]*(?:(?:[*+-]|1\.)[ \t]+[^\n]{1,200}\n[ \t]*\{:[ \t]*toc\b[^{}\n]{0,200}\}|\{:[^{}#\n]{0,500}\}"
    r"|\[TOC\]|\[toc\]|\[\[_?(?:TOC|toc)_?\]\]|\$\{toc\}|\\toc\b|\\tableofcontents\b)[ \t]*|\([\w:.-]{1,100}\)=[ \t]*"
    r"|[ \t]*(?P<snippet>-{1,9}8<-{1,9}[^\n]{0,500})"
    r"|(?P<tab>[ \t]*)===[!+]{0,2}[ \t]+\"(?P<label>[^\"\n]{1,200})\"[ \t]*(?=\n)"
    r"|(?P<quote>[ \t]*(?:>[ \t]?){1,9})\[!(?P<kind>[\w-]{1,40})\](?P<fold>[+-]?)[ \t]*(?P<title>[^\n]{0,300})"
    r"|(?P<box>[ \t]*:{3,9}[ \t]*\{[^{}\n]{1,200}\}[^\n]{0,200})(?:\n[ \t]*:[\w-]{1,40}:[^\n]{0,300}){1,20})$",
    re.DOTALL | re.MULTILINE,
)
_RAW = re.compile(
    r"\{%-?\s{0,9}(?:raw|verbatim)\s{0,9}-?%\}((?:(?!\{%-?\s{0,9}end).){0,5000})|\{\{%\s{0,9}raw\s{0,9}%\}\}((?:(?!\{\{%\s{0,9}/).){0,5000})",
    re.DOTALL,
)
_ALERTS: Final = frozenset({"note", "tip", "important", "warning", "caution"})
"""What the Markdown parser makes boxes of itself, when nothing stands behind it."""
_CODE_SPAN = re.compile(r"(?<![`\\])(`+)(?!`)(?:(?!\1|\n\n).|\n(?!\n)){1,1000}?\1(?!`)")
_WORD = re.compile(r"(?:([\w-]+)\s*=\s*)?(?:\"((?:\\.|[^\"\\])*)\"|'((?:\\.|[^'\\])*)'|`([^`]*)`|([^\s,=]+))")
_CALL = re.compile(r"\s*([\w/-]+)\s*\((.*)\)\s*", re.DOTALL)
_FILTERED = re.compile(r"\s*[\"']([^\"']*)[\"']\s*\|\s*(?:relative_url|absolute_url|url)\b.*", re.DOTALL)
_SITE = re.compile(r"\s*(?:site|config)\.(?:url|baseurl|base_url|baseURL)\s*(?:\|.*)?|\s*(?:base_path|root_url)\s*")
# Tags that frame what stands between them, and tags that only steer the generator: nothing of them is to be seen.
_DECIDED: Final = frozenset({"elsif", "elseif", "elif", "else", "when"})
"""Each begins one of several texts, of which the site shows one; here all of them are."""
_BOXES: Final = frozenset({"details", "expand", "accordion", "collapse", "spoiler"})
"""Frames whose first word is their title."""
_FRAMES: Final = _BOXES.union(
    str.split(
        "raw verbatim if unless case assign set capture filter block more break notice note tip warning info alert admonition callout hint "
        "column columns center tabs tab toc table-of-contents tableofcontents pagebreak"
    )
)
_PICTURE_FILE = re.compile(r"\.(?:png|jpe?g|gif|webp|svg|avif)$", re.IGNORECASE)
_HIGHLIGHT = re.compile(
    r"^[ \t]*(?:\{%-?\s*(end)?(?:highlight|codeblock)\b(?:[^%\n]*?\blang:|[ \t\"']*)([\w+.#-]*).*?-?%\}"
    r"|\{\{[<%]\s*(/)?\s*highlight\b[ \t\"]*([\w+.#-]*).*?[>%]\}\})[ \t]*$",
    re.MULTILINE,
)

Words = Mapping[str, str]
"""A tag's arguments by name; those without a name are called "0", "1", ..."""


def fill_in(body: str, first_line: int, code: Callable[[str], Sequence[tuple[int, int]]]) -> tuple[str, list[Finding]]:
    """Return the body with its template tags filled in, line for line, and a finding for each that could not be.

    ``first_line`` is the line of the file where the body starts; ``code`` tells which lines of a text (from 0, the end not included)
    are code blocks.
    """
    if not (_TAG.search(body) or _HIGHLIGHT.search(body)):
        return body, []
    body = _HIGHLIGHT.sub(_as_fence, body)
    starts = [0, *(match.end() for match in re.finditer("\n", body)), len(body) + 1]
    spans = [(starts[begin], starts[end]) for begin, end in code(body)]
    raw = (match.span(match.lastindex or 0) for match in _RAW.finditer(body))
    spans = sorted([*spans, *(match.span() for match in _CODE_SPAN.finditer(body)), *_comments(body), *raw])
    reach = list(accumulate((end for _, end in spans), max))
    findings: list[Finding] = []

    def filled(match: re.Match[str]) -> str:
        before = bisect_right(spans, (match.start(), len(body)))
        if before and reach[before - 1] > match.start():
            return match.group()
        shown = _shown(match)
        if shown is None:
            line = first_line + bisect_right(starts, match.start()) - 1
            mark = " ".join(match.group().split())[:80]
            name, words = _words((match["block"] or "").strip())
            # Hexo's link to another post brings its title along.
            shown = escape(words.get("1", "")) if name == "post_link" else ""
            if match["value"] is not None:
                # It may as well be a text about templates.
                shown, how = match.group(), "it is shown as it stands"
            elif name in _DECIDED:
                how = "all that it chooses from is shown"
            else:
                how = "it shows its title only" if shown else "it shows nothing"
            message = f"{mark!r} is filled in by the site; on Discord {how}. Write its content, or a plain link to it."
            findings.append(finding("shortcode", line, message))
        # Line for line, so that what is said about the rest names the right one.
        return shown + "\n" * (match.group().count("\n") - shown.count("\n"))

    return _TAG.sub(filled, body), findings


def _comments(html: str) -> Iterator[tuple[int, int]]:
    position = 0
    while (start := html.find("<!--", position)) >= 0 and (end := html.find("-->", start)) >= 0:
        position = end + 3
        yield start, position


def _as_fence(match: re.Match[str]) -> str:
    closes = match.group(1) or match.group(3)
    return "```" if closes else f"```{match.group(2) or match.group(4) or ''}"


def _shown(match: re.Match[str]) -> str | None:
    """Return what a tag stands for as text or HTML, None when that is not known."""
    if match["value"] is not None:
        return _value(match["value"])
    inner = match["block"] if match["block"] is not None else match["short"]
    if inner is None:
        return _mark(match)
    inner = inner.strip()
    if match["short"] is not None and inner.startswith("/*"):
        # Hugo's way of showing a tag instead of filling it in.
        return match.group().replace("/*", "", 1).replace("*/", "", 1)
    closes = inner.startswith(("/", "end"))
    name, words = _called(inner.rstrip("/"))
    if closes or name not in _FRAMES:
        return "" if closes else _tag(name, words)
    title = words.get("title") or words.get("summary") or (words.get("0", "") if name in _BOXES else "")
    return f"<strong>{escape(title)}</strong><br>" if title else ""


def _mark(match: re.Match[str]) -> str | None:
    """Return what a mark that is no tag stands for: nothing, for most."""
    if match["snippet"] is not None:
        return None
    if match["tab"] is not None:
        return f'{match["tab"]}!!! tab "{match["label"]}"'
    if match["box"] is not None:
        return match["box"]
    if match["quote"] is None:
        return ""
    kind, title = match["kind"], match["title"].strip()
    if kind.lower() in _ALERTS and not match["fold"] and not title:
        return match.group()
    return f"{match['quote']}<strong>{title or escape(kind.capitalize())}</strong><br>"


def _value(inner: str) -> str | None:
    if filtered := _FILTERED.fullmatch(inner):
        return filtered.group(1)
    if _SITE.fullmatch(inner):
        return ""
    return _tag(*_called(inner)) if _CALL.fullmatch(inner) else None


def _called(inner: str) -> tuple[str, dict[str, str]]:
    """Return a tag's name and words, also when it is written as Zola's and Nunjucks' calls are: ``note(kind="tip")``."""
    call = _CALL.fullmatch(inner)
    return _words(f"{call.group(1)} {call.group(2)}" if call else inner)


def _words(inner: str) -> tuple[str, dict[str, str]]:
    name, _, rest = inner.partition(" ")
    words: dict[str, str] = {}
    for key, double, single, raw, bare in _WORD.findall(rest):
        words[key.lower() or str(sum(word.isdigit() for word in words))] = (double or single or raw or bare).strip(",")
    return name.lower(), words


def _tag(name: str, words: Words) -> str | None:
    match name:
        case "include" | "render" | "includecontents":
            stem = words.get("0", "").rsplit("/", 1)[-1].split(".", 1)[0].lower()
            return _tag(stem, _shifted(words)) if stem not in {"include", "render"} and len(words) > 1 else None
        case "figure" | "img" | "image" | "picture" | "responsive-image" | "asset_img":
            return _figure(words)
        case "thumbnail":
            # What stands between Nikola's two tags is the caption.
            return f"{_figure(words) or ''}<br>"
        case "post_url" | "link":
            return _jekyll_page(words.get("0", ""))
        case "ref" | "relref" | "asset" | "static":
            return _reference(words.get("path") or words.get("0", ""))
        case _:
            url = media_url(name, words)
            return f'<a href="{escape(url)}">{escape(url)}</a>' if url else None


def _shifted(words: Words) -> dict[str, str]:
    """Return the arguments without the first nameless one."""
    return {str(int(key) - 1) if key.isdigit() else key: word for key, word in words.items() if key != "0"}


def _figure(words: Words) -> str | None:
    nameless = [words[key] for key in sorted((key for key in words if key.isdigit()), key=int)]
    # Classes may stand before the file, its title or alternative text behind it.
    at = next((n for n, word in enumerate(nameless) if _PICTURE_FILE.search(word)), 0)
    source = words.get("src") or words.get("url") or words.get("path") or words.get("file") or "".join(nameless[at : at + 1])
    if not source:
        return None
    alt = words.get("alt") or next((word for word in nameless[at + 1 :] if " " in word or word.isalpha()), "")
    image = f'<img src="{escape(source)}" alt="{escape(alt)}">'
    link = words.get("link") or words.get("href")
    if link:
        image = f'<a href="{escape(link)}">{image}</a>'
    caption = " ".join(part for part in (words.get("title"), words.get("caption")) if part)
    return f"{image}<br><em>{escape(caption)}</em>" if caption else image


def _jekyll_page(target: str) -> str:
    """Return where a post (``2026-01-31-name``) or a file of a Jekyll site leads, as it lays out its pages by default."""
    path, hash_, fragment = target.strip("/").partition("#")
    folder, _, name = re.sub(r"\.(?:md|markdown|html)$", "", path).rpartition("/")
    if post := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)-(.+)", name):
        path = "/".join(post.groups()) + ".html"
    elif re.search(r"\.(?:md|markdown)$", path):
        path = f"{folder.removeprefix('_')}/{name}.html".lstrip("/")
    return f"/{path}{hash_}{fragment}".replace(" ", "%20")


def _reference(target: str) -> str:
    """Return where a reference to a source file leads, as generators lay out their pages by default; as it is when it is none."""
    path, hash_, fragment = target.partition("#")
    if re.search(r"\.(?:md|mdx|markdown)$", path):
        path = re.sub(r"(?:(?:^|(?<=/))_?index)?\.(?:md|mdx|markdown)$", "/", path).replace("//", "/")
        path = path if path.startswith("/") else f"/{path}"
    return f"{path}{hash_}{fragment}".replace(" ", "%20")


_HOSTED: Final[Mapping[str, str]] = {
    "youtube": "https://www.youtube.com/watch?v={}",
    "vimeo": "https://vimeo.com/{}",
    "dailymotion": "https://www.dailymotion.com/video/{}",
    "instagram": "https://www.instagram.com/p/{}/",
    "codepen": "https://codepen.io/{}",
    "asciinema": "https://asciinema.org/a/{}",
    "speakerdeck": "https://speakerdeck.com/player/{}",
    "streamable": "https://streamable.com/{}",
    "spotify": "https://open.spotify.com/{}",
}
_POSTS: Final = frozenset({"tweet", "twitter", "x"})
_DECORATION = re.compile(r"[-_]?(?:video|embed|player|iframe|lite|post|card|privacy|enhanced|simple|lazy|responsive)[-_]?")


def media_url(name: str, words: Words) -> str:
    """Return the page of what a video's, post's or gist's tag shows, "" for any other tag.

    ``name`` is the tag's or component's (``youtube``, ``YouTubeEmbed``, ``lite-youtube``), ``words`` its arguments or attributes.
    """
    bare = _DECORATION.sub("", name.lower())
    first = next(
        (words[key] for key in ("url", "href", "src", "id", "videoid", "video-id", "video_id", "tweetid", "0") if words.get(key)),
        "",
    )
    if first.startswith(("https://", "http://")):
        known = (
            bare in _HOSTED
            or bare in _POSTS
            or bare in {"gist", "", "video", "media", "audio", "link"}
            or name.lower() in {"embed", "video"}
        )
        return first if known else ""
    if bare == "gist" and len(words) > 1 and "0" in words:
        return f"https://gist.github.com/{quote(words['0'])}/{quote(words.get('1', ''))}"
    if bare == "gist" and first:
        return f"https://gist.github.com/{quote(first)}"
    if bare in _POSTS and first:
        user = words.get("user") or (words["0"] if "1" in words else "i/web")
        number = words.get("id") or words.get("1") or first
        return f"https://x.com/{quote(user)}/status/{quote(number)}"
    if bare in _HOSTED and first and re.fullmatch(r"[\w./?=&:-]+", first):
        return _HOSTED[bare].format(first)
    return ""
