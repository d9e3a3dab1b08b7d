"""What people see: reviews, one review, and live queries."""
