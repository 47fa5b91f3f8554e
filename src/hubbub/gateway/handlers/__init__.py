"""What each request of a client does, a file per topic."""
