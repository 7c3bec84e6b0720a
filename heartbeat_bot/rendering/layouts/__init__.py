"""What an issue may look like on Discord: a file for each layout, which makes posts of an issue, and here its name."""

from typing import Final

from heartbeat_bot.rendering.layouts import embeds

LAYOUTS: Final = {"embeds": embeds.compose}
"""What composes an issue, by the layout that a configuration names."""
