"""The REST API: the door that every request passes, and a file of routes for each kind of thing."""
