"""Public sources by name: what they are, under which licence, and their files, fetched and checked."""
