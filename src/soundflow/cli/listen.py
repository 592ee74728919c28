"""`soundflow listen`: hear a source and show what the model decides and says. Tests: tests/cli/test_listen.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
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
from soundflow.cli.options import DebugOption, JsonOption, ModelOption, ThreadsOption, ThresholdOption
from soundflow.cli.voice_options import ResponderOption, SpeakOption, VoiceNameOption, VoiceOption

if TYPE_CHECKING:
    from soundflow.api import Model, Samples
    from soundflow.cli.interrupt import Interrupt
    from soundflow.errors import SoundflowError
    from soundflow.stream.events import Event

_SPOKEN_NAMES = {"-": "standard input", "mic": "microphone"}
_LIVE_BLOCKS_A_CHUNK = 4  # live sound is handed over in tenths of a second at 0.4 s chunks; chosen


def listen(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="A sound file, `-` (raw s16le 16 kHz mono PCM), `mic`, or an example's name."
        ),
    ] = "kitchen",
    model: ModelOption = "nano",
    instruction: Annotated[
        str | None, typer.Option("--instruction", metavar="TEXT", help="What to listen for.")
    ] = None,
    as_json: JsonOption = False,
    threshold: ThresholdOption = None,
    is_real_time: Annotated[
        bool, typer.Option("--real-time", help="Hear a file at the speed of sound, not of the machine.")
    ] = False,
    webhook: WebhookOption = None,
    mqtt: MqttOption = None,
    command: ExecOption = None,
    alerts: AlertsOption = None,
    cool_down: CoolDownOption = None,
    quiet_hours: QuietHoursOption = None,
    spool: SpoolOption = None,
    responder: ResponderOption = None,
    speak: SpeakOption = None,
    voice: VoiceOption = None,
    voice_name: VoiceNameOption = None,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """Listen, decide every 0.4 s whether to speak, and answer.

    \b
    Examples:
      soundflow listen kitchen
      soundflow listen street.wav --instruction "Count the car horns" --json
      ffmpeg -i talk.mp4 -f s16le -ar 16000 -ac 1 - | soundflow listen -
      soundflow listen mic --instruction "Tell me when the baby cries." --exec ./notify.sh
    """
    from soundflow.cli.alert_options import alerts_for
    from soundflow.cli.voice_options import speaking, writers_for
    from soundflow.serve.sinks.options import AlertOptions

    wanted = AlertOptions(webhook, mqtt, command, alerts, cool_down, quiet_hours, spool)
    with ExitStack() as stack:
        listeners: list[Callable[[Event], None]] = []
        if (told := stack.enter_context(alerts_for(wanted, _complain))) is not None:
            listeners.append(told.reporter(source).hear)
        writers = stack.enter_context(writers_for(responder))
        mouth = stack.enter_context(speaking(speak, voice, voice_name, _complain))

        import torch

        from soundflow.api import MICROPHONE, load, open_source
        from soundflow.cli.interrupt import Interrupt
        from soundflow.cli.view import Heading, view_for

        torch.set_num_threads(threads)
        loaded = load(model)
        is_live = is_real_time or source == MICROPHONE
        size = loaded.config.chunk_samples // (_LIVE_BLOCKS_A_CHUNK if is_live else 1)
        blocks = open_source(source, size)
        heading = Heading(
            source, loaded.name, instruction or loaded.config.default_instruction, loaded.config.chunk_seconds
        )
        interrupt = stack.enter_context(Interrupt())
        listeners.append(stack.enter_context(view_for(heading, as_json)).show)  # last: what is shown is safe on disk
        if is_live:
            events = _in_real_time(loaded, blocks, instruction, threshold, interrupt, is_paced=source != MICROPHONE)
        else:
            events = _at_full_speed(loaded, blocks, instruction, threshold, interrupt)
        if writers is not None:
            from soundflow.serve.responder import Rewriter, reworded, reworded_in_turn

            events = (reworded if is_live else reworded_in_turn)(events, Rewriter(writers, instruction))
        if mouth is not None:
            listeners.append(mouth.hear if is_live else mouth.hear_out)
        for event in events:
            for hear in listeners:
                hear(event)
        if mouth is not None and interrupt.is_set:
            mouth.stop()
    if interrupt.is_set:
        raise typer.Exit(130)


def _complain(failure: SoundflowError) -> None:
    with suppress(OSError, ValueError):  # a standard error that is closed ends no stream
        typer.echo(f"soundflow: {failure.code}: {failure}", err=True)


def _at_full_speed(
    model: Model, blocks: Iterator[Samples], instruction: str | None, threshold: float | None, interrupt: Interrupt
) -> Iterator[Event]:
    """Hear each block as soon as the one before is done; a source that breaks is heard to where it broke."""
    from soundflow.errors import SoundflowError

    is_anything_heard = False
    with model.session(instruction, threshold) as session:
        try:
            for block in interrupt.until_set(blocks):
                is_anything_heard = True
                yield from session.feed(block)
        except SoundflowError:
            if is_anything_heard:
                yield from session.end()
            raise
        yield from session.end()


def _in_real_time(
    model: Model,
    blocks: Iterator[Samples],
    instruction: str | None,
    threshold: float | None,
    interrupt: Interrupt,
    is_paced: bool,
) -> Iterator[Event]:
    """Hear as the sound comes, with hearing and speaking in two threads."""
    from soundflow.stream.clock import WallClock
    from soundflow.stream.events import End
    from soundflow.stream.workers import in_real_time

    clock = WallClock()
    source = in_real_time(blocks, clock) if is_paced else blocks
    with model.live_session(instruction, threshold, clock) as session:
        nothing_heard: Event | None = None
        for event in interrupt.until_set(session.hear(source)):
            if isinstance(event, End) and not event.chunks:
                nothing_heard = event  # told only when no error follows
            else:
                yield event
        if nothing_heard is not None:
            yield nothing_heard
        if interrupt.is_set:
            session.end()
            yield from session.events()
