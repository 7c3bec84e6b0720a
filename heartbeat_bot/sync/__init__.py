"""Brings Discord in step with a source: what changed, what the policy says of it, the plan, and doing it exactly once."""
