"""The clip store: rows, words and vectors of any number of clips in one file, which may lie in object storage."""
