"""How Discord says no: status, JSON error code, sentence, and where in the request the fault lies."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

Json = dict[str, Any]

_MESSAGES: Final[Mapping[int, tuple[int, str]]] = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10070: (404, "Unknown Guild Scheduled Event"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    20001: (403, "Bots cannot use this endpoint"),
    20028: (429, "The write action you are performing on the channel has hit the write rate limit."),
    30015: (400, "Maximum number of attachments in a message reached (10)"),
    30038: (400, "Maximum number of uncompleted guild scheduled events has been reached (100)"),
    30032: (400, "Maximum number of application commands reached"),
    30034: (429, "Maximum number of daily application command creates has been reached (200)"),
    30046: (429, "Maximum number of edits to messages older than 1 hour reached. Try again later"),
    40005: (413, "Request entity too large"),
    40033: (400, "This message has already been crossposted"),
    40058: (400, "Cannot send messages in a forum channel"),
    40060: (400, "Interaction has already been acknowledged."),
    40094: (400, "This interaction has reached the maximum number of follow-up messages"),
    40067: (400, "A tag is required to create a forum post in this channel"),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50007: (403, "Cannot send messages to this user"),
    50006: (400, "Cannot send an empty message"),
    50013: (403, "Missing Permissions"),
    50016: (400, "Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete"),
    50021: (403, "Cannot execute action on a system message"),
    50024: (400, "Cannot execute action on this channel type"),
    50028: (400, "Invalid role"),
    50027: (401, "Invalid Webhook Token"),
    50034: (400, "You can only bulk delete messages that are under 14 days old."),
    50045: (400, "File uploaded exceeds the maximum size"),
    50083: (400, "Tried to perform an operation on an archived thread, such as editing a message or adding a user to the thread"),
    50109: (400, "The request body contains invalid JSON."),
    160004: (400, "A thread has already been created for this message"),
    160005: (403, "Thread is locked"),
    180000: (400, "Cannot update a finished event"),
}
"""Documented error codes (docs, *Opcodes and status codes*) with the status that they come with."""


class ApiError(Exception):
    """A refusal: HTTP ``status`` and the body ``{"message", "code"}`` with ``extra`` beside them."""

    def __init__(
        self, status: int, code: int, message: str, extra: Json | None = None, headers: dict[str, str] | None = None
    ) -> None:
        """Keep what the answer is made of."""
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.headers = headers or {}
        self.body: Json = {"message": message, "code": code, **(extra or {})}


def refusal(code: int) -> ApiError:
    """Return the refusal with a documented error code."""
    status, message = _MESSAGES[code]
    return ApiError(status, code, message)


def too_many(retry_after: float, *, scope: str, code: int = 0, header: float | None = None) -> ApiError:
    """Return the refusal of one request too many; ``header`` is its Retry-After where it disagrees with the body's (seconds)."""
    message = _MESSAGES[code][1] if code else "You are being rate limited."
    headers = {"Retry-After": str(math.ceil(retry_after if header is None else header)), "X-RateLimit-Scope": scope}
    if scope == "global":
        headers["X-RateLimit-Global"] = "true"
    extra = {"retry_after": round(retry_after, 3), "global": scope == "global"}
    return ApiError(429, code, message, extra, headers)


def plain_refusal(status: HTTPStatus) -> ApiError:
    """Return a refusal that says no more than HTTP does: of a token, a path, a method, or Discord's own failure."""
    return ApiError(int(status), 0, f"{int(status)}: {status.phrase}")
