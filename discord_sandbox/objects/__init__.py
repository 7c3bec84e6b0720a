"""What there is as the JSON objects of Discord's API."""
