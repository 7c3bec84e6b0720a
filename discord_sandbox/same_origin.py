"""What pages in a browser may ask: the sandbox's own page what its key opens, every other page nothing.

Any page that is open on this computer can send requests to a loopback port: forms and sockets without asking first (no preflight),
and, under a name that its owner points here for a moment (DNS rebinding), as if it were the sandbox's own. What a browser says of
itself tells them apart: ``Host`` is the name that was asked for, ``Origin`` the page that asks with anything but a plain GET, and
``Sec-Fetch-Site`` how far away the page is that asks with anything at all (W3C, *Fetch Metadata Request Headers*).
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

_ALONE: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
_HEADERS: Final = {
    "Content-Security-Policy": _ALONE,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of every answer that sets none of its own: no other page embeds, frames, reads or runs it."""
_NEAR: Final = frozenset({"same-origin", "none"})
"""Who sends a request, by Sec-Fetch-Site: the page itself, or a person who typed the address."""
_HTTP: Final = 80

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def new_secret() -> str:
    """Return what nobody guesses: 256 random bits as text that needs no quoting anywhere."""
    return secrets.token_hex(32)


def is_secret(given: object, secret: str) -> bool:
    """Tell whether a request's word is the secret, in a time that does not depend on how much of it is right."""
    return isinstance(given, str) and secrets.compare_digest(given.encode(errors="replace"), secret.encode())


class SameOrigin:
    """Refuses what other pages send, before anything of it is read; what lies below ``/live/`` wants the ``key`` as well."""

    def __init__(self, key: str) -> None:
        """Let in whoever has ``key``, of pages at the sandbox's own address."""
        self._key = key

    def guard(self, app: web.Application) -> None:
        """Stand before every route of ``app``, and those that it does not have."""
        app.middlewares.append(self._admit)
        app.on_response_prepare.append(_seal)

    @web.middleware
    async def _admit(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        own = _own_hosts(request)
        hosts = [host.lower() for host in request.headers.getall("Host", [])]
        if len(hosts) != 1 or hosts[0] not in own:
            raise web.HTTPMisdirectedRequest(
                text=f"The sandbox answers to {' and '.join(sorted(own))} alone, and this request names another host. Open the "
                "address that the terminal shows; a tunnel must have the same port at both ends."
            )
        if _is_foreign(request, hosts[0]):
            raise web.HTTPForbidden(
                text="Another page sent this request. Only the sandbox's own page and bots may ask it anything."
            )
        resource = request.match_info.route.resource
        if resource and resource.canonical.startswith("/live/") and not is_secret(request.query.get("key"), self._key):
            raise web.HTTPForbidden(text="The key is missing or of another run. Open the address that the terminal shows.")
        return await handler(request)


def _own_hosts(request: web.Request) -> set[str]:
    """Return what ``Host`` is when a browser asks for the address at which the request arrived."""
    address, port = (request.get_extra_info("sockname") or ("", 0))[:2]
    names = {f"[{address}]" if ":" in address else address, "localhost"}
    return {f"{name}:{port}" for name in names} | (names if port == _HTTP else set())


def _is_foreign(request: web.Request, host: str) -> bool:
    if any(origin.lower() != f"http://{host}" for origin in request.headers.getall("Origin", [])):
        return True
    if all(site in _NEAR for site in request.headers.getall("Sec-Fetch-Site", [])):
        return False
    # The page's address may be clicked anywhere, such as in a terminal that is a page: that shows the page, without a key.
    word = request.headers.get
    opens = request.method == "GET" and word("Sec-Fetch-Mode") == "navigate" and word("Sec-Fetch-Dest") == "document"
    return not (opens and request.path == "/")


async def _seal(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
