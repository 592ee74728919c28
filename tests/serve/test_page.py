"""The page in a real browser whose microphone is a recording. Skipped where playwright or Chromium is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import soundfile

from soundflow.api import example_path
from soundflow.model.bundle import Bundle
from tests.serve.conftest import serving

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.slow
def test_the_microphone_is_heard_and_the_reply_shown(nano: Bundle, tmp_path: Path) -> None:
    browsers = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    sound, rate = soundfile.read(example_path("kitchen"))
    soundfile.write(tmp_path / "microphone.wav", sound, rate, subtype="PCM_16")
    options = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={tmp_path / 'microphone.wav'}",
    ]
    with serving(nano) as running, browsers.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        page = browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(running.http)
        page.wait_for_selector("body[data-ready]")
        page.get_by_role("button", name="Listen to the microphone").click()
        page.wait_for_selector("#replies li", timeout=60_000)
        assert page.locator("#state-text").inner_text() in ("Speaking", "Listening")
        assert "glass" in page.locator("#replies").inner_text()
        page.get_by_role("button", name="Stop", exact=True).click()
        assert page.locator("#state-text").inner_text() == "Not connected"
        browser.close()
    assert faults == []


@pytest.mark.slow
def test_a_browser_without_a_microphone_is_told_why(nano: Bundle) -> None:
    browsers = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with serving(nano) as running, browsers.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(running.http)
        page.wait_for_selector("body[data-ready]")
        page.get_by_role("button", name="Listen to the microphone").click()
        page.wait_for_selector("#blocked:not([hidden])")
        assert "microphone" in page.get_by_role("alert").inner_text().lower()
        browser.close()
