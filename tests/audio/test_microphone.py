"""The microphone over a driver that the test plays."""

from __future__ import annotations

import logging
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from soundflow.audio.microphone import iter_microphone
from soundflow.errors import OutsideError


class FakeStream:
    """Sends all its blocks at once when started, as a driver does to a caller who is late."""

    def __init__(self, driver: FakeDriver, callback: Any, blocksize: int) -> None:
        self.driver, self.callback, self.blocksize = driver, callback, blocksize

    def start(self) -> None:
        buffer = np.zeros((self.blocksize, 1), np.float32)
        sound = self.driver.sound
        for start in range(0, len(sound) - self.blocksize + 1, self.blocksize):
            buffer[:, 0] = sound[start : start + self.blocksize]  # the driver reuses its buffer
            self.callback(buffer, self.blocksize, None, None)

    def close(self) -> None:
        self.driver.closed = True


class FakeDriver:
    class PortAudioError(Exception):
        pass

    def __init__(self, sound: NDArray[np.float32], rate: float = 16_000.0) -> None:
        self.sound, self.rate, self.closed = sound, rate, False

    def query_devices(self, device: Any, kind: str) -> dict[str, float]:
        if device == "none":
            raise ValueError("No input device matching 'none'")
        return {"default_samplerate": self.rate}

    def InputStream(self, **options: Any) -> FakeStream:  # noqa: N802 - the driver's own name
        if options["device"] == "busy":
            raise self.PortAudioError("device unavailable")
        return FakeStream(self, options["callback"], options["blocksize"])


def ramp(count: int) -> NDArray[np.float32]:
    return np.linspace(0, 1, count, dtype=np.float32)


def test_blocks_come_in_order_and_the_device_is_closed() -> None:
    driver = FakeDriver(ramp(4800))
    microphone = iter_microphone(driver=driver)
    blocks = [next(microphone) for _ in range(3)]
    assert [len(block) for block in blocks] == [1600, 1600, 1600]
    assert np.array_equal(np.concatenate(blocks), driver.sound)
    microphone.close()  # type: ignore[attr-defined]
    assert driver.closed


def test_a_48_khz_device_is_resampled() -> None:
    driver = FakeDriver(np.sin(np.arange(48_000) * 2 * np.pi * 440 / 48_000).astype(np.float32), rate=48_000.0)
    microphone = iter_microphone(driver=driver, silence_seconds=0.01)
    heard = []
    with pytest.raises(OutsideError):
        for block in microphone:
            heard.append(block)
    assert 15_000 < len(np.concatenate(heard)) <= 16_000


def test_a_late_caller_loses_the_newest_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    microphone = iter_microphone(driver=FakeDriver(ramp(16_000)), backlog_seconds=0.2, silence_seconds=0.01)
    heard = []
    with caplog.at_level(logging.WARNING), pytest.raises(OutsideError, match="sent nothing") as gone:
        for block in microphone:
            heard.append(block)
    assert np.array_equal(np.concatenate(heard), ramp(16_000)[:3200])
    assert gone.value.code == "microphone.gone"
    assert len(caplog.records) == 1


@pytest.mark.parametrize("device", ["none", "busy"])
def test_a_device_that_does_not_open_is_named(device: str) -> None:
    with pytest.raises(OutsideError, match=f"cannot open microphone '{device}'") as closed:
        next(iter_microphone(device=device, driver=FakeDriver(ramp(1))))
    assert closed.value.code == "microphone.closed"


def test_without_the_package_the_hint_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(OutsideError, match=r"soundflow\[mic\]") as missing:
        next(iter_microphone())
    assert missing.value.exit_code == 3
