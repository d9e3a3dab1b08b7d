"""What runs models: environments, the candidate's service, Bentos and the preview host."""
