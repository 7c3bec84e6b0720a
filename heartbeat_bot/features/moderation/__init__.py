"""What moderators decide, and what they are told."""
