"""A local Discord: REST and gateway over real sockets, with Discord's documented rules."""
