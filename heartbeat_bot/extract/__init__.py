"""What is found in an issue: events, jobs, dates, places. Pure."""
