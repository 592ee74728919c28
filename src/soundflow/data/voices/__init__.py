"""Text becomes speech: rewritten as it is spoken, rendered by one voice a dialogue, checked by an ASR."""
