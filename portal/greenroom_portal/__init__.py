"""What people see: reviews, one review, and Try it, live queries."""
