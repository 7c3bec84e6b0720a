"""Who asks, what a press of theirs carries and where it leads, and how lists read: what every feature needs to answer people."""
