"""What an issue says. Pure: no network, no database, no clock, no logging."""
