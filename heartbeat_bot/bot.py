"""The bot's connection to Discord's gateway."""

import discord
import yarl
from discord.gateway import DiscordWebSocket

from heartbeat_bot.config import Config


async def connect(config: Config, client: discord.Client) -> None:
    """Hold a gateway connection with a client that has logged in, so that members see the bot and can talk to it."""
    if config.discord.gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(config.discord.gateway_url)
    await client.connect()
