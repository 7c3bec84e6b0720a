"""Discord's limits, each with its source, and the check that a message keeps them.

Lengths are Unicode code points, as Python's ``len`` counts them (Discord's staff, discord-api-docs issue 1315). "docs" is the
page *Message resource* of Discord's documentation, "OpenAPI" its published description of API v10; where the two disagree the
stricter number stands here.
"""

from typing import Final

CONTENT: Final = 2000
"""Characters of a message's content (docs; OpenAPI says 4000, the API refuses more than 2000 from bots)."""

EMBEDS: Final = 10
"""Embeds per message (docs)."""

EMBED_TOTAL: Final = 6000
"""Characters over all embeds of a message: titles, descriptions, fields, footers, author names (docs)."""

EMBED_TITLE: Final = 256
EMBED_DESCRIPTION: Final = 4096
EMBED_AUTHOR_NAME: Final = 256
"""Parts of one embed (docs and OpenAPI)."""

IMAGE_DESCRIPTION: Final = 4096
"""Characters of an embed image's alternative text (OpenAPI)."""

URL: Final = 2048
"""Characters of any URL in an embed (OpenAPI)."""

MESSAGE_BYTES: Final = 9500
"""UTF-8 bytes of all text in a message. Undocumented: larger messages are answered with 500 although every other limit is kept
(discord-api-docs issues 8554 and 7628: about 10,170 measured; the rest is a margin)."""

NODES: Final = 180
"""Markdown nodes (bold, link, list, code, ...) per text. Undocumented: from the 200th on the client shows the text raw
(discord-api-docs issues 6932 and 8501)."""

LIST_DEPTH: Final = 11
"""Nested lists that the client indents."""

ATTACHMENTS: Final = 10
"""Files per message (error code 30015)."""

REQUEST_BYTES: Final = 25 * 1024 * 1024
"""Bytes of a whole create-message request (docs)."""

IMAGE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})
"""What an embed may show through ``attachment://`` (docs, *Reference*)."""

NONCE: Final = 25
"""Characters of a nonce (docs)."""

PICTURE_BYTES: Final = REQUEST_BYTES // ATTACHMENTS - 64 * 1024
"""Bytes per uploaded picture, so that ten of them and the rest of the body still fit one request. Stricter than
the 10 MiB per file of a server without boosts (docs, since 2025-01-16)."""

CUSTOM_ID: Final = 100
BUTTON_LABEL: Final = 80
BUTTON_URL: Final = 512
SELECT_OPTIONS: Final = 25
SELECT_TEXT: Final = 100
SELECT_PLACEHOLDER: Final = 150
LABEL: Final = 45
INPUT_PLACEHOLDER: Final = 100
DIALOG_TITLE: Final = 45
"""Parts of components, in characters; a menu's lines by number (docs, *Component Reference*)."""

CHOICES: Final = 25
CHOICE_TEXT: Final = 100
"""What autocompletion may offer: choices by number, their names and values in characters (docs, *Application Commands*)."""

EVENT_NAME: Final = 100
EVENT_LOCATION: Final = 100
EVENT_DESCRIPTION: Final = 1000
"""Parts of a scheduled event, in characters (docs, *Guild Scheduled Event*)."""
