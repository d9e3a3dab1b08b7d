"""What `greenroom doctor` looks at, and how it says what is missing."""
