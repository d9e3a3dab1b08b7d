"""Commands that people give in comments and by buttons: read, carried out and answered."""
