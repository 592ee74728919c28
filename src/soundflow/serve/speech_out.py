"""What one stream says, where somebody hears it: a loudspeaker of this machine, or a sound file.

Tests: tests/serve/test_speech_out.py.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile

from soundflow.errors import OutsideError, SoundflowError, UsageError
from soundflow.serve.speech import Mouth, Samples, SpeechDelta, SpeechEnd, Voice
from soundflow.stream.events import Event, ReplyDelta, ReplyEnd, ReplyStart


class Player(Protocol):
    """Plays what it is given, in order; each call may take as long as the sound."""

    def begin(self, at: float) -> None:
        """A reply to what was heard up to so many seconds of stream comes next."""

    def play(self, samples: Samples) -> None:
        """More of it, float32 [n] at the player's rate."""

    def close(self) -> None:
        """There is no more."""

    def drop(self) -> None:
        """There is no more, and what was played shall not stay anywhere."""


class WavFile:
    """Writes each reply where it falls in the stream, with silence between, to a name of its own until it is whole.

    Args:
        path: of the file; whatever ending libsndfile knows.
        rate: of what is played, Hz.

    Raises:
        UsageError: no such kind of file (`speech.file`).
        OutsideError: it cannot be written (`speech.write`).
    """

    def __init__(self, path: Path, rate: int) -> None:
        self._path = path
        self._rate = rate
        self._written = 0
        kind = path.suffix[1:].upper()
        if kind not in soundfile.available_formats():
            raise UsageError("speech.file", f"no kind of sound file: {path}", "name it something.wav")
        self._new = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            self._file = soundfile.SoundFile(self._new, "w", rate, 1, format=kind)
        except (OSError, soundfile.SoundFileError) as e:
            raise OutsideError("speech.write", f"cannot write {path}: {e}", "check the folder") from e

    def begin(self, at: float) -> None:
        """Silence up to there; none when the reply before took longer."""
        self.play(np.zeros(max(0, round(at * self._rate) - self._written), np.float32))

    def play(self, samples: Samples) -> None:
        """Write it down.

        Raises:
            OutsideError: the disk would not have it (`speech.write`).
        """
        try:
            self._file.write(samples)
        except (OSError, soundfile.SoundFileError) as e:
            raise OutsideError("speech.write", f"cannot write {self._path}: {e}", "check the space left") from e
        self._written += len(samples)

    def close(self) -> None:
        """Give the file its name."""
        self._file.close()
        self._new.replace(self._path)

    def drop(self) -> None:
        """Leave what stood under its name before."""
        self._file.close()
        self._new.unlink(missing_ok=True)


class Loudspeaker:
    """Plays at once, over the machine's own output. Needs `sounddevice` of the extra `[mic]`.

    Raises:
        OutsideError: there is none (`speech.device`).
    """

    def __init__(self, rate: int, open_output: Callable[[int], Any] | None = None) -> None:
        try:
            self._output = (open_output or _default_output)(rate)
            self._output.start()
        except Exception as e:  # libraries for devices fail in ways of their own
            raise OutsideError(
                "speech.device", f"no loudspeaker: {e}", "see that a player of this machine works"
            ) from e

    def begin(self, at: float) -> None:
        """Nothing: it is said when it can be."""

    def play(self, samples: Samples) -> None:
        """Play it, and return when there is room for more."""
        self._output.write(np.ascontiguousarray(samples, np.float32))

    def close(self) -> None:
        """Let what was given be heard, and let the device go."""
        self._output.stop()
        self._output.close()

    def drop(self) -> None:
        """The same: what was heard stays nowhere."""
        self.close()


class SpeakOut:
    """Says the replies of one stream through a player, in a thread of its own. No call waits for a sound.

    Args:
        voice: who says them.
        player: where.
        complain: told when something fails; the stream goes on.
    """

    def __init__(self, voice: Voice, player: Player, complain: Callable[[SoundflowError], None]) -> None:
        self._bell = threading.Event()
        self._said = threading.Condition()
        self._mouth = Mouth(voice, self._bell.set)
        self._voice = voice
        self._player = player
        self._complain = complain
        self._begins: dict[int, float] = {}
        self._is_over = self._is_stopped = False
        self._thread = threading.Thread(target=self._play, name="soundflow-speech", daemon=True)
        self._thread.start()

    def hear(self, event: Event) -> None:
        """Take one event of the stream in, in their order."""
        match event:
            case ReplyStart():
                self._begins[event.reply] = event.at
            case ReplyDelta():
                self._mouth.speak(event.reply, event.text)
            case ReplyEnd():
                self._mouth.finish(event.reply)
            case _:
                pass

    def hear_out(self, event: Event) -> None:
        """Take one event of a recording in that is heard as fast as it can be, and wait until its reply is said."""
        self.hear(event)
        with self._said:
            self._said.wait_for(lambda: not isinstance(event, ReplyEnd) or self._is_stopped or self._mouth.is_idle)

    def stop(self) -> None:
        """Say no more."""
        self._is_stopped = True
        self._mouth.cancel()

    def close(self, is_kept: bool = True) -> None:
        """Wait until everything is said, unless it was stopped, and let the player go.

        Args:
            is_kept: whether what was said stays where the player has put it.
        """
        self._is_over = True
        self._bell.set()
        self._thread.join()
        self._voice.close()
        with self._complaining():
            self._player.close() if is_kept else self._player.drop()

    def _play(self) -> None:
        while not (self._is_over and (self._is_stopped or self._mouth.is_idle)):
            self._bell.wait()
            self._bell.clear()
            with self._complaining():
                self._say()
            with self._said:
                self._said.notify_all()

    def _say(self) -> None:
        for spoken in self._mouth.take():
            if self._is_stopped:
                return
            match spoken:
                case SpeechDelta():
                    if (at := self._begins.pop(spoken.reply, None)) is not None:
                        self._player.begin(at)
                    self._player.play(spoken.samples)
                case SpeechEnd():
                    self._begins.pop(spoken.reply, None)
                case _:
                    self._complain(SoundflowError(spoken.code, spoken.message, spoken.hint))

    @contextlib.contextmanager
    def _complaining(self) -> Any:
        try:
            yield
        except SoundflowError as failure:
            self._complain(failure)
            self.stop()
        except Exception as fault:
            self._complain(OutsideError("speech.player", f"the player broke: {fault}", "the replies stay as text"))
            self.stop()


def _default_output(rate: int) -> Any:
    import sounddevice

    return sounddevice.OutputStream(samplerate=rate, channels=1, dtype="float32")
