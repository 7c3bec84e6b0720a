"""Where the links and pictures of an issue lead: relative targets made absolute, and what is wrong with the others."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")
_LINKABLE = frozenset({"http", "https", "mailto", "tel", "sms", "discord"})
_HOST = re.compile(r"^(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?:[/?#]|$)", re.IGNORECASE)
_FILE = re.compile(
    r"\.(?:md|mdx|markdown|html?|png|jpe?g|gif|webp|svg|pdf|txt|xml|json|py|rs|js|css|zip|ipynb|yaml|yml|toml)(?:[?#]|$)",
    re.IGNORECASE,
)
_SOUND = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?(?:[/?#][A-Za-z0-9/?#_.~%:@!$&+,;={}^-]*)?")
"""Addresses that resolving leaves as they are: most of them."""
_MAX_URL = 2048


def is_web(url: str) -> bool:
    """Tell whether a URL is absolute http(s)."""
    return url.startswith(("http://", "https://"))


def is_vector(url: str) -> bool:
    """Tell whether a picture is one that Discord shows in no embed: an SVG."""
    return urlsplit(url).path.lower().endswith((".svg", ".svgz"))


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
            return target if len(target) <= _MAX_URL else ""
        target = re.sub(r"\s*\n\s*", "", target.strip())
        if not target or _is_placeholder(target):
            return ""
        if target.startswith("//"):
            target = "https:" + target
        if _HOST.match(target) and not _FILE.search(target.split("/", 1)[0]):
            target = "https://" + target
        if not _SCHEME.match(target):
            if target.startswith("#") and not self.page:
                return ""
            base = self.site if target.startswith(("/", "@/")) else self.page or self.site
            if not base:
                return ""
            target = urljoin(base, _zola(target))
        return _checked(target)

    def picture(self, target: str) -> str:
        """Return the absolute URL of a picture, "" when it cannot be made."""
        target = target.strip()
        if target in self.files:
            return f"attachment://{self.files[target]}"
        if not target or target.startswith("data:"):
            return ""
        if target.startswith("//"):
            target = "https:" + target
        if not _SCHEME.match(target):
            base = self.images or self.site
            if not base:
                return ""
            target = urljoin(base, target)
        url = _checked(target)
        return url if is_web(url) else ""

    def problem(self, target: str, resolved: str) -> str:
        """Name what is wrong with a link's target as written (a rule's name), "" when nothing is; ``resolved`` is what it leads to."""
        if not target:
            return "empty-link"
        if _is_placeholder(target):
            return "placeholder-link"
        if _HOST.match(target) and not _SCHEME.match(target) and not _FILE.search(target.split("/", 1)[0]):
            return "link-without-scheme"
        if not resolved:
            if target.startswith("#"):
                return "unresolved-anchor"
            return "unresolved-link" if not _SCHEME.match(target) else "unlinkable"
        return ""


def _is_placeholder(target: str) -> bool:
    return re.fullmatch(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|TODO|TBD|XXX+|URL|LINK", target) is not None


def _zola(target: str) -> str:
    """Turn Zola's `@/blog/x.md` and links to neighbouring source files into site paths."""
    if target.startswith("@/"):
        return "/" + re.sub(r"(?:(?:^|(?<=/))_?index)?\.md(?=$|#)", "/", target[2:]).replace("//", "/")
    return target


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme.lower() not in _LINKABLE or (parts.scheme.lower() in {"http", "https"} and not parts.hostname):
        return ""
    host = parts.netloc
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return ""
    # What would end or break a masked link is percent-encoded; what is encoded already stays.
    rest = url[url.index(":") + 1 :]
    if parts.netloc:
        rest = rest.replace(parts.netloc, host, 1)
    encoded = quote(rest, safe="%:/?#@!$&+,;=-._{}^")
    result = f"{parts.scheme.lower()}:{encoded}"
    return result if len(result) <= _MAX_URL and not ("%" in host or " " in host) else ""
