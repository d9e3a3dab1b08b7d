"""One module a check: a rule's outcome and its sentence."""
