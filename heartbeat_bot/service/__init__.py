"""What people and the clock may ask for."""
