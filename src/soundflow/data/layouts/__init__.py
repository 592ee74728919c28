"""The published forms of corpora: each a small reader from a folder to clips."""
