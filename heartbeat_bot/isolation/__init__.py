"""Untrusted text is read in a process of its own, with bounds on time and memory that really end it."""
