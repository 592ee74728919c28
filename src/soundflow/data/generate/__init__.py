"""Sounds made by rule. Every one of them says so for ever: `GeneratedClip.synthetic` is always True (ruling 13)."""
