"""What was said: the issues, to be read, searched, and asked for events and jobs."""
