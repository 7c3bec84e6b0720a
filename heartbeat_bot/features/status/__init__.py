"""What is in trouble, and what is known of each newsletter."""
