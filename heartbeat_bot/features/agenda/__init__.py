"""Events and jobs of all issues: /events, /hiring, the calendar, the server's events."""
