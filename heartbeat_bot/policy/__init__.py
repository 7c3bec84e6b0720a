"""The announce policy: the rules that say what becomes of an issue, what they said, and why. Pure."""
