"""How an issue looks on Discord. Pure: no network, no database, no clock, no logging."""
