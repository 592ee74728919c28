"""Endpoints of others: a chat model, a voice, a listener, a maker of sounds. None of them is believed unseen."""
