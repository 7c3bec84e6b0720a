"""Where the links and pictures of an issue lead: relative targets made absolute, and what is wrong with the others."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.hosts import ascii_host

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")
_LINKABLE = frozenset({"http", "https", "mailto"})
"""What a text may hide. Discord would link `discord:`, `tel:` and `sms:` too, and act on them; those are shown, and nothing leads there."""
_HIDDEN = frozenset({"javascript", "vbscript", "data", "blob", "file"})
"""Targets that lead nobody anywhere, and may be as long as a program: a finding says them, not the text."""
_HOST_NAME = re.compile(r"[\w.~-]+|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_PORT = re.compile(r":\d*$")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"^(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?:[/?#]|$)", re.IGNORECASE)
_FILE = re.compile(
    r"\.(?:md|mdx|markdown|html?|png|jpe?g|gif|webp|svg|pdf|txt|xml|json|py|rs|js|css|zip|ipynb|yaml|yml|toml)(?:[?#]|$)",
    re.IGNORECASE,
)
_PELICAN = re.compile(
    r"(?:(?:\{|%7B)(filename|static|attach|author|category|tag|index|archives)(?:\}|%7D)"
    r"|(?:\||%7C)(filename|static|attach|author|category|tag)(?:\||%7C))(.*)"
)
_SOUND = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?(?:[/?#][A-Za-z0-9/?#_.~%:@!$&+,;={}^-]*)?")
"""Addresses that resolving leaves as they are: most of them."""
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


def is_web(url: str) -> bool:
    """Tell whether a URL is absolute http(s)."""
    return url.startswith(("http://", "https://"))


def is_vector(url: str) -> bool:
    """Tell whether a picture is one that Discord shows in no embed: an SVG."""
    return urlsplit(url).path.lower().endswith((".svg", ".svgz"))


def folder_url(url: str) -> str:
    """Write a base address so that relative targets are found below it."""
    return url if not url or url.endswith("/") else f"{url}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Resolves targets: against ``page`` (the issue's own URL) when it is known, else against ``site``; both "" when unknown.

    ``images`` is the base of relative pictures, ``site`` when "". ``files`` maps the targets of pictures that are uploaded with their
    message to the names of those files.
    """

    site: str = ""
    page: str = ""
    images: str = ""
    files: Mapping[str, str] = field(default_factory=dict[str, str])

    def resolve(self, target: str) -> str:
        """Return the absolute URL of a link's target, encoded for a masked link; "" when it leads nowhere that Discord could go."""
        if _SOUND.fullmatch(target):
            return target if len(target) <= limits.URL else ""
        target = _as_browsers_read(target)
        target = "" if _is_placeholder(target) else pelican_path(target)
        if not target:
            return ""
        if _HOST.match(target) and not _FILE.search(target.split("/", 1)[0]):
            target = "https://" + target
        if target.startswith("#") and not self.page:
            return ""
        base = self.site if target.startswith(("/", "@/")) else self.page or self.site
        return _absolute(_zola(target), base)

    def picture(self, target: str) -> str:
        """Return the absolute URL of a picture, "" when it cannot be made."""
        if target.strip() in self.files:
            return f"attachment://{self.files[target.strip()]}"
        target = pelican_path(_as_browsers_read(target))
        url = _absolute(target, self.images or self.site) if target else ""
        return url if is_web(url) else ""

    def problem(self, target: str, resolved: str) -> str:
        """Name what is wrong with a link's target as written (a rule's name), "" when nothing is; ``resolved`` is what it leads to."""
        target = _as_browsers_read(target)
        if not target:
            return "empty-link"
        if _is_placeholder(target):
            return "placeholder-link"
        if _HOST.match(target) and not _SCHEME.match(target) and not _FILE.search(target.split("/", 1)[0]):
            return "link-without-scheme"
        if resolved:
            return "link-with-user" if is_web(resolved) and _user(target) else ""
        relative = "unresolved-anchor" if target.startswith("#") else "unresolved-link"
        return "unlinkable" if _SCHEME.match(target) else relative


def shown_beside(target: str) -> str:
    """Return the target of a link that nothing can lead to as its text shows it; "" for one that has no scheme, or says nothing."""
    target = _as_browsers_read(target)
    return target if _SCHEME.match(target) and target.split(":", 1)[0].lower() not in _HIDDEN else ""


def _as_browsers_read(target: str) -> str:
    """Return a target without the white space and controls that browsers drop, and with their reading of backslashes (WHATWG URL)."""
    target = _CONTROLS.sub("", "".join(line.strip() for line in target.split("\n")))
    if "\\" not in target or (_SCHEME.match(target) and not target.lower().startswith(("http:", "https:"))):
        return target
    end = re.search(r"[?#]", target)
    path = target[: end.start()] if end else target
    return path.replace("\\", "/") + target[len(path) :]


def _user(target: str) -> str:
    """Return what stands before an `@` in front of a web address's host, which looks like the host to many; "" for nothing."""
    authority = re.split(r"[/?#]", target.partition("//")[2], maxsplit=1)[0]
    return authority.rpartition("@")[0] if target.lower().startswith(("http:", "https:", "//")) else ""


def _is_placeholder(target: str) -> bool:
    return re.fullmatch(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|TODO|TBD|XXX+|URL|LINK", target) is not None


def pelican_path(target: str) -> str:
    """Turn a reference of Pelican's into the path where its page or file lies by default; "" for an article, whose path its title makes."""
    match = _PELICAN.fullmatch(target)
    if match is None:
        return target
    kind, rest = match.group(1) or match.group(2), match.group(3)
    match kind:
        case "static" | "attach":
            return rest if kind == "attach" else f"/{rest.lstrip('/')}"
        case "index":
            return "/"
        case "archives":
            return "/archives.html"
        case "filename":
            return "" if re.search(r"\.(?:md|rst|markdown)(?:#|$)", rest) else rest
        case _:
            return f"/{kind}/{rest.strip('/')}.html"


def _zola(target: str) -> str:
    """Turn Zola's `@/blog/x.md` and links to neighbouring source files into site paths."""
    if target.startswith("@/"):
        return "/" + re.sub(r"(?:(?:^|(?<=/))_?index)?\.md(?=$|#)", "/", target[2:]).replace("//", "/")
    return target


def _absolute(target: str, base: str) -> str:
    """Return the URL of a target, which is relative to ``base``; "" when it leads nowhere that Discord could go, or the base is unknown."""
    if target.startswith("//"):
        target = "https:" + target
    if not _SCHEME.match(target):
        if not base:
            return ""
        target = urljoin(base, target)
    return _checked(target)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    scheme = parts.scheme.lower()
    if scheme not in _LINKABLE or (scheme in {"http", "https"} and not parts.hostname):
        return ""
    # Who looks for the host at an address's beginning takes a user's name for it, and there are none on public pages.
    host = parts.netloc.rpartition("@")[2]
    port = match.group() if (match := _PORT.search(host)) else ""
    try:
        name = ascii_host(host.removesuffix(port))
    except UnicodeError:
        return ""
    if name and not _HOST_NAME.fullmatch(name):
        return ""
    host = name + port
    # What would end or break a masked link is percent-encoded; what is encoded already stays.
    rest = url[url.index(":") + 1 :]
    if parts.netloc:
        rest = rest.replace(parts.netloc, host, 1)
    encoded = quote(rest, safe="%:/?#@!$&+,;=-._{}^[]" if "[" in host else "%:/?#@!$&+,;=-._{}^")
    result = f"{scheme}:{encoded}"
    return result if len(result) <= limits.URL else ""


def link_finding(rule: str, line: int | None, target: str) -> Finding:
    """Return what there is to say about a target as written: of a rule that :meth:`Links.problem` names, or one about texts and pictures."""
    return finding(rule, line, _PROBLEMS[rule].format(target=target[:120]))
