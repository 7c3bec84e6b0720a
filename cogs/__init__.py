"""Slash commands and loops, thin: discord and the service only."""
