"""What an engine did and what waits for it, as `/metrics` tells it. Tests: tests/serve/test_engine_figures.py."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from soundflow.stream.engine import Engine


class EngineFigures(Collector):
    """Reads an engine's sums when it is asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        """The figures, each with its name and what it means."""
        done = self._engine.statistics
        yield GaugeMetricFamily(
            "soundflow_queue_depth_chunks", "Chunks that wait to be heard or decided.", self._engine.waiting_chunks
        )
        for name, about, value in (
            ("heard_chunks", "Chunks encoded.", done.chunks),
            ("stalls", "Chunks whose features were ready more than a chunk's length late.", done.stalls),
            ("dropped_seconds", "Seconds of sound that nobody heard.", done.dropped_seconds),
            ("steps", "Decisions and text tokens.", done.steps),
            ("sessions_failed", "Sessions that a fault of ours ended.", done.sessions_failed),
            ("workers_restarted", "Threads that died and were replaced.", done.workers_restarted),
        ):
            yield CounterMetricFamily(f"soundflow_{name}", about, value=value)
        passes = CounterMetricFamily("soundflow_passes", "Passes of a network.", labels=["network"])
        seconds = CounterMetricFamily("soundflow_pass_seconds", "Time in passes of a network.", labels=["network"])
        for network, count, took in (
            ("encoder", done.encoder_passes, done.encoder_seconds),
            ("decoder", done.decoder_passes, done.decoder_seconds),
        ):
            passes.add_metric([network], count)
            seconds.add_metric([network], took)
        yield from (passes, seconds)
