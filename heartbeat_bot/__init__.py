"""heartbeat-bot: posts a community's newsletter from its Git repository to Discord."""

__version__ = "0.1.0"
