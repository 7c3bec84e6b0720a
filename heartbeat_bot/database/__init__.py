"""The database: how it is reached, its tables, and how one of an earlier version is brought up to date."""
