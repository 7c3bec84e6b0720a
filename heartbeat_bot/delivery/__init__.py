"""Exactly once: what to do, what was done, and doing it."""
