"""The bot's side of Discord's gateway: the client, the words of its commands, its answers."""
