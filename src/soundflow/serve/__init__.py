"""The live server: WebSocket sessions, the page, alerts, limits and metrics. Needs the extra `[serve]`.

Imports nothing by itself. Tests: tests/serve/.
"""
