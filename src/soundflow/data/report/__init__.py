"""Pages and pictures of a corpus."""
