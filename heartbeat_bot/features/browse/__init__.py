"""What members read and search."""
