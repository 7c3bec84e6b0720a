"""A local Discord: REST and gateway over real sockets, with Discord's documented rules. It knows nothing of any bot."""
