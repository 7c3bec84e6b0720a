"""All that knows discord.py: the ports over REST, the client, the gateway, the replies."""
