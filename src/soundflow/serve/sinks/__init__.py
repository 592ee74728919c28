"""Alerts that arrive: replies told to a webhook, a broker, a program or a file. Imports nothing by itself.

    reply ──▶ reporter.py ──▶ rules.py ──▶ spool.py ──▶ courier.py ──▶ webhook.py · mqtt.py · command.py · record.py
              (an alert)      (wanted?)    (on disk)    (try, again)    (sinks)

`alerts.py` puts them together. Tests: tests/serve/sinks/.
"""
