"""What is kept: newsletters, issues, messages, decisions, waits and troubles, in a database."""
