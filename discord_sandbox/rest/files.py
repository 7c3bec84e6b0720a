"""Uploaded files at their signed addresses, as those of Discord's CDN: of messages in guilds and direct ones, ephemeral ones too.

A file may come from anyone's newsletter. Only pictures that cannot hold a script are shown where they stand; all else, SVG and HTML
with it, is a download without a type of its own. The name decides, as on Discord; what the sender calls the file does not.
"""

import hmac

from aiohttp import web

from discord_sandbox.api_errors import ApiError
from discord_sandbox.objects.messages import signature
from discord_sandbox.rules.files import picture_type
from discord_sandbox.world import StoredFile, World


def serve_files(world: World, router: web.UrlDispatcher) -> None:
    """Serve the files of messages: to who has a file's address, until the address expires or the message is gone."""

    async def serve(request: web.Request) -> web.Response:
        expires, given = request.query.get("ex", ""), request.query.get("hm", "")
        try:
            alive = world.clock().timestamp() < int(expires, 16)
            channel_id, attachment_id = int(request.match_info["channel"]), int(request.match_info["attachment"])
        except ValueError:
            raise web.HTTPNotFound from None
        good = signature(world, request.rel_url.raw_path, expires)
        if not alive or not hmac.compare_digest(given.encode(errors="replace"), good.encode()):
            raise web.HTTPNotFound
        attachment = _find(world, channel_id, attachment_id)
        return web.Response(body=attachment.content, headers=_described(attachment))

    router.add_get("/attachments/{channel}/{attachment}/{filename}", serve)


def _find(world: World, channel_id: int, attachment_id: int) -> StoredFile:
    try:
        _, channel = world.place(channel_id)
    except ApiError:
        raise web.HTTPNotFound from None
    for message in (*channel.messages.values(), *channel.ephemeral.values()):
        for attachment in message.attachments:
            if attachment.id == attachment_id:
                return attachment
    raise web.HTTPNotFound


def _described(attachment: StoredFile) -> dict[str, str]:
    kind = picture_type(attachment.filename)
    return {"Content-Type": kind} if kind else {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
