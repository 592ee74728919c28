"""The perceive-decide-respond loop: sound in, events out. Imports nothing by itself, so that it stays cheap."""
