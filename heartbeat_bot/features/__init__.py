"""What people and the clock may ask for, a folder for each."""
