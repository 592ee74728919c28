"""`soundflow serve`: the live server. Tests: tests/cli/test_serve.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundflow.cli.alert_options import (
    AlertsOption,
    CoolDownOption,
    ExecOption,
    MqttOption,
    QuietHoursOption,
    SpoolOption,
    WebhookOption,
)
from soundflow.cli.options import DebugOption, JsonOption, ModelOption, ThreadsOption
from soundflow.cli.voice_options import ResponderOption, VoiceNameOption, VoiceOption

if TYPE_CHECKING:
    from soundflow.serve.sessions import OpenStream, Stream

_LEAVING = 32  # sessions that gave up their seat and are still in a pass of the network; a batch, chosen


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen at; one that others reach needs --keys.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8000,
    model: ModelOption = "nano",
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="FILE", help="API keys, one a line.", show_default=False)
    ] = None,
    origins: Annotated[
        list[str] | None, typer.Option("--origin", metavar="URL", help="A page elsewhere that may connect; repeatable.")
    ] = None,
    sessions: Annotated[int, typer.Option("--sessions", min=1, help="Sessions at once.")] = 256,
    sessions_per_key: Annotated[
        int, typer.Option("--sessions-per-key", min=1, help="Of one key, or of one address where no key is asked for.")
    ] = 128,
    webhook: WebhookOption = None,
    mqtt: MqttOption = None,
    command: ExecOption = None,
    alerts: AlertsOption = None,
    cool_down: CoolDownOption = None,
    quiet_hours: QuietHoursOption = None,
    spool: SpoolOption = None,
    responder: ResponderOption = None,
    voice: VoiceOption = None,
    voice_name: VoiceNameOption = None,
    ray: Annotated[
        int | None, typer.Option("--ray", min=1, metavar="N", help="As N replicas of Ray Serve, a model in each.")
    ] = None,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """Serve live sessions over WebSocket, and a page to try them.

    \b
    Examples:
      soundflow serve
      soundflow serve --host 0.0.0.0 --keys keys.txt --origin https://example.org
    """
    import sys

    from soundflow.cli.needs import need

    need("serve", "starlette", "uvicorn", "websockets", "prometheus_client")
    from soundflow.serve.admission import Policy, check_bind, read_keys

    digests = () if keys is None else read_keys(keys)
    check_bind(host, digests)  # before seconds are spent on a model

    if ray is not None:
        from soundflow.cli.serve_ray import check_alone, serve_replicas
        from soundflow.serve.limits import ServeLimits

        check_alone(webhook=webhook, mqtt=mqtt, exec=command, alerts=alerts)
        check_alone(cool_down=cool_down, quiet_hours=quiet_hours, spool=spool)
        check_alone(responder=responder, voice=voice, voice_name=voice_name)
        bounds = ServeLimits(sessions=sessions, sessions_per_key=sessions_per_key)
        serve_replicas(ray, (host, port), model, threads, bounds, Policy(digests, tuple(origins or ())), as_json)
        return

    from soundflow.cli.alert_options import alerts_for
    from soundflow.cli.voice_options import voice_for, writers_for
    from soundflow.serve.sinks.options import AlertOptions

    wanted = AlertOptions(webhook, mqtt, command, alerts, cool_down, quiet_hours, spool)

    import json

    import torch

    from soundflow.api import example_path, examples, load
    from soundflow.serve.background import server_on
    from soundflow.serve.limits import ServeLimits
    from soundflow.serve.logs import log_failure, log_to
    from soundflow.serve.reworded import rewording
    from soundflow.serve.running import listening_socket, run
    from soundflow.serve.tapped import tapping
    from soundflow.stream.engine import Engine, EngineLimits

    torch.set_num_threads(threads)
    limits = ServeLimits(sessions=sessions, sessions_per_key=sessions_per_key)
    recordings = {name: path for name in examples() if (path := example_path(name)) is not None}
    with (
        listening_socket(host, port) as bound,  # what can fail at once comes before the model
        alerts_for(wanted, log_failure) as told,
        writers_for(responder) as writers,
        voice_for(voice, voice_name) as speaker,
        Engine(bundle := load(model).bundle, EngineLimits(sessions=sessions + _LEAVING)) as engine,
    ):
        log_to(sys.stderr)

        def opened(instruction: str | None, threshold: float | None, wake: Callable[[], None]) -> Stream:
            return engine.open(instruction, threshold, wake=wake)

        streams: OpenStream = opened if writers is None else rewording(opened, writers)
        if told is not None:
            streams = tapping(streams, lambda name: told.reporter(name).hear)
        policy = Policy(digests, tuple(origins or ()))
        server = server_on(engine, bundle, limits, policy, recordings, streams, speaker)
        if told is not None:
            server.metrics.watch("alerts_waiting", "Alerts that have not arrived, for each sink.", told.waiting)
        url = f"http://{host}:{bound.getsockname()[1]}"
        if as_json:
            typer.echo(json.dumps({"type": "listening", "url": url, "model": bundle.name}))
        else:
            typer.echo(f"{bundle.name} at {url} — Ctrl-C stops", err=True)
        run(server, bound, limits)
