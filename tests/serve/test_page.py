"""The page in a real browser whose microphone is a recording. Skipped where playwright or Chromium is missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from soundflow.api import example_path
from soundflow.model.bundle import Bundle
from soundflow.serve.admission import Policy, read_keys
from soundflow.serve.background import in_background
from soundflow.serve.limits import ServeLimits
from soundflow.serve.speech import Voice
from soundflow.stream.engine import Engine
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle
from tests.serve.conftest import serving
from tests.serve.voices import BLOCK, RATE, ScriptedVoice
from tests.serve.weak_wire import weak_wire

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PATIENCE_MS = 60_000.0
SPOKEN_MS = 1000 * BLOCK // RATE  # of each word of a scripted voice
MANY_WORDS = 40


@dataclass
class Browser:
    """A Chromium, what went over its sockets, and what went wrong in its pages."""

    chromium: Any
    sent: list[dict[str, Any]] = field(default_factory=list)
    received: list[dict[str, Any]] = field(default_factory=list)
    sockets: int = 0
    faults: list[str] = field(default_factory=list)

    def opened(self, url: str, script: str = "") -> Any:
        """The page, ready; the script runs before it."""
        page = self.chromium.new_page()
        page.add_init_script(script)
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("websocket", self._watch)
        page.goto(url)
        page.wait_for_selector("body[data-ready]")
        return page

    def _watch(self, socket: Any) -> None:
        self.sockets += 1
        socket.on("framesent", lambda text: self.sent.append(json.loads(text)))
        socket.on("framereceived", lambda text: self.received.append(json.loads(text)))

    def told(self, *kinds: str) -> list[dict[str, Any]]:
        """What the server told, of these types."""
        return [event for event in self.received if event["type"] in kinds]


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording that is heard by the browser's microphone, again and again."""
    path = tmp_path_factory.mktemp("microphone") / "kitchen.wav"
    sound, rate = soundfile.read(example_path("kitchen"))
    soundfile.write(path, sound, rate, subtype="PCM_16")
    return path


def launched(*options: str) -> Iterator[Browser]:
    browsers = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with browsers.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *options])
        browser = Browser(chromium)
        yield browser
        chromium.close()
    assert browser.faults == []


@pytest.fixture
def browser(microphone: Path) -> Iterator[Browser]:
    """With a microphone."""
    fake = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    yield from launched(*fake, f"--use-file-for-fake-audio-capture={microphone}")


@pytest.fixture
def bare_browser() -> Iterator[Browser]:
    """Without one."""
    yield from launched()


def listen(page: Any) -> None:
    page.get_by_role("button", name="Listen to the microphone").click()


def says(page: Any, text: str) -> None:
    """Wait until the page's state says so."""
    page.wait_for_function("text => document.getElementById('state-text').textContent.startsWith(text)", arg=text)


def test_the_microphone_is_heard_and_the_reply_shown(nano: Bundle, browser: Browser) -> None:
    with serving(nano) as running:
        page = browser.opened(running.http)
        assert "nano" in page.locator("#model").inner_text(), "who listens is told before the first session"
        listen(page)
        page.wait_for_selector("#replies li")
        assert "glass" in page.locator("#replies").inner_text()
        says(page, "Listening")
        assert "glass" in page.locator("#announce").inner_text(), "a screen reader is told the whole reply, once"
        page.get_by_role("button", name="Hear the four seconds").first.click()
        page.get_by_role("button", name="Stop", exact=True).click()
        assert page.locator("#state-text").inner_text() == "Not connected"
    assert browser.told("session.created") and browser.told("error") == []


def test_a_browser_without_a_microphone_is_told_why(nano: Bundle, bare_browser: Browser) -> None:
    with serving(nano) as running:
        page = bare_browser.opened(running.http)
        listen(page)
        page.wait_for_selector("#blocked:not([hidden])")
        assert "microphone" in page.get_by_role("alert").inner_text().lower()


# Firefox refuses to connect a microphone to a context of another rate
STUBBORN = """
const connect = AudioContext.prototype.createMediaStreamSource;
AudioContext.prototype.createMediaStreamSource = function (stream) {
  if (this.sampleRate === 16000) throw new DOMException("different sample-rate", "NotSupportedError");
  return connect.call(this, stream);
};
"""


def test_a_microphone_of_another_rate_is_resampled(browser: Browser) -> None:
    with serving(scripted_bundle(Script({2: ScriptedReply("Heard.")}))) as running:
        page = browser.opened(running.http, STUBBORN)
        listen(page)
        page.wait_for_selector("text=Heard.")
        page.get_by_role("button", name="Stop", exact=True).click()


RESAMPLE = """async ([from, hertz, cuts]) => {
  const { makeResampler } = await import("/page/resample.js");
  const resample = makeResampler(from, 16000), out = [];
  const tone = Float32Array.from({ length: from / 2 }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / from));
  for (let at = 0, i = 0; at < tone.length; at += cuts[i++ % cuts.length])
    out.push(...resample(tone.slice(at, at + cuts[i % cuts.length])));
  return out;
}"""


def test_the_resampler_keeps_what_16_khz_can_hold_however_it_is_cut(bare_browser: Browser) -> None:
    with serving(scripted_bundle()) as running:
        page = bare_browser.opened(running.http)
        for rate in (48_000, 44_100):
            low = np.array(page.evaluate(RESAMPLE, [rate, 1000, [2048]]))
            assert 7900 < len(low) <= 8000
            wanted = np.sin(2 * np.pi * 1000 * np.arange(len(low)) / 16_000)
            assert np.abs(low - wanted)[100:].max() < 0.01
            assert np.abs(page.evaluate(RESAMPLE, [rate, 10_000, [2048]]))[100:].max() < 0.01, "no alias"
            assert page.evaluate(RESAMPLE, [rate, 1000, [128, 128]]) == list(low)


def test_a_connection_that_is_cut_comes_back_and_nothing_is_lost(browser: Browser) -> None:
    script = Script({4: ScriptedReply("Before."), 20: ScriptedReply("After.")})
    with serving(scripted_bundle(script), ServeLimits(drain_seconds=2.0)) as running, weak_wire(running.port) as wire:
        page = browser.opened(wire.url)
        listen(page)
        page.wait_for_selector("text=Before.")
        wire.cut()
        says(page, "Connection lost, reconnecting")
        wire.mend()
        says(page, "Resumed")
        page.wait_for_selector("text=After.")
        assert page.locator("#replies li").count() == 2, "what was said before stays"
        says(page, "Listening")
        assert page.locator("#blocked").is_hidden()
        page.get_by_role("button", name="Stop", exact=True).click()
        assert running.figure("soundflow_sessions_resumed_total") == 1
        assert running.figure("soundflow_sessions_opened_total") == 1
    decided = browser.told("response.listen", "response.speak")
    chunks = [chunk for event in decided for chunk in range(event["chunk"] - event["chunks"] + 1, event["chunk"] + 1)]
    assert chunks == list(range(len(chunks))), "each chunk is decided once, in order, over both sockets"


def test_a_session_that_is_gone_is_said_to_be_gone(browser: Browser) -> None:
    limits = ServeLimits(drain_seconds=2.0, resume_seconds=0.1)
    bundle = scripted_bundle(Script({1: ScriptedReply("Before.")}))
    with serving(bundle, limits) as running, weak_wire(running.port) as wire:
        page = browser.opened(wire.url)
        listen(page)
        page.wait_for_selector("text=Before.")
        wire.cut()
        says(page, "Connection lost, reconnecting")
        while running.engine.sessions:
            page.wait_for_timeout(20)
        wire.mend()
        says(page, "Session ended")
        assert "no longer has this session" in page.get_by_role("alert").inner_text()
        assert page.locator("#replies li").count() == 1
        assert page.get_by_role("button", name="Listen to the microphone").is_enabled()


def test_who_is_not_let_in_is_told_why(bare_browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a-key-of-more-than-sixteen")
    policy = Policy(read_keys(tmp_path / "keys"))
    with serving(scripted_bundle(), ServeLimits(drain_seconds=2.0), policy) as running:
        page = bare_browser.opened(running.http)
        page.get_by_role("button", name="kitchen").click()
        page.wait_for_selector("#blocked:not([hidden])")
        assert "asks for an API key" in page.get_by_role("alert").inner_text()
        page.get_by_label("Needed where the server asks for one").fill("a-key-of-more-than-sixteen")
        page.get_by_role("button", name="kitchen").click()
        says(page, "Listening to kitchen")
        page.get_by_role("button", name="Stop", exact=True).click()


@pytest.fixture
def spoken_url() -> Iterator[str]:
    """A server that has a voice, and says two words at the fifth chunk and many at the thirteenth."""
    many = " ".join(f"{number}" for number in range(MANY_WORDS))
    bundle = scripted_bundle(Script({4: ScriptedReply("Fire. Leave."), 12: ScriptedReply(many)}))
    voice = Voice(ScriptedVoice(), RATE)
    with Engine(bundle) as engine:
        with in_background(engine, bundle, ServeLimits(drain_seconds=2.0), voice=voice) as running:
            yield running.url
        voice.close()


def test_replies_are_said_aloud_and_what_was_played_is_told(browser: Browser, spoken_url: str) -> None:
    page = browser.opened(spoken_url)
    assert not page.get_by_label("Say replies aloud").is_checked(), "off unless it is wanted"
    page.get_by_label("Say replies aloud").check()
    listen(page)
    page.wait_for_selector("text=Fire. Leave.")
    page.wait_for_selector("#replies li:nth-child(2)")  # the long one: seconds of it, unless it is hushed
    page.wait_for_selector("#hush:not([hidden])")
    page.keyboard.press("Escape")
    page.wait_for_selector("#hush", state="hidden")
    page.wait_for_function("() => document.getElementById('state-text').textContent === 'Listening'")
    short, long = (event for event in browser.sent if event["type"] == "playback.ack")
    assert short["played_ms"] == 2 * SPOKEN_MS and short["final"]
    assert long["played_ms"] < MANY_WORDS * SPOKEN_MS and long["final"], "history holds what was heard"
    assert {"type": "response.cancel"} in browser.sent
    page.get_by_role("button", name="Stop", exact=True).click()
    assert browser.told("error") == []
    assert len(browser.told("playback.acknowledged")) == 2


def test_a_server_without_a_voice_offers_none(bare_browser: Browser) -> None:
    with serving(scripted_bundle()) as running:
        page = bare_browser.opened(running.http)
        assert page.get_by_label("Say replies aloud").is_hidden()
