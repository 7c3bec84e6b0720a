"""Opens all that a command needs, in order, and runs it."""
