"""The gateway: sessions that are resumed, connections that break."""
