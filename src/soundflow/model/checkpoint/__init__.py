"""Folders of weights: our own layout, and the places an encoder can start from."""
