"""What must not be shown: bot tokens, and the user names and passwords that stand in addresses."""

import re

# Three parts joined by dots: the bot's id in base64, a time, a signature (Discord's reference, "Authentication").
TOKEN_SHAPE = re.compile(r"[A-Za-z0-9_-]{23,32}\.[A-Za-z0-9_-]{5,8}\.[A-Za-z0-9_-]{25,}")
"""What a bot token looks like."""
_TOKEN = re.compile(rf"(?<![\w.-])(?:Bot\s+)?{TOKEN_SHAPE.pattern}")
_CREDENTIALS = re.compile(r"\b((?!ssh://)[A-Za-z][A-Za-z0-9+.-]*://)[^\s/'\"<>]*@")
_PASSWORDS = re.compile(r"\b(ssh://[^\s/:@]*):[^\s/'\"<>]*@")


def without_credentials(text: str) -> str:
    """Take user names, passwords and tokens out of every address in a text (the user of an ssh address stays)."""
    return _PASSWORDS.sub(r"\1@", _CREDENTIALS.sub(r"\1", text))


def redact(text: str) -> str:
    """Blot out bot tokens, and credentials in addresses.

    For text as it was before it went into JSON: behind an escaped line break a token no longer begins a word.
    """
    return without_credentials(_TOKEN.sub("[token]", text))
