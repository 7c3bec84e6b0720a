"""Which file is which known issue, and how sure that is. Pure."""
