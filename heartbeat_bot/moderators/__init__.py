"""The moderators: who they are, what they are told in their channel, and what is written down of what they do."""
