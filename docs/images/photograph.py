"""Photographs the page for docs/images: a real server, a real Chromium, a packaged recording as its microphone.

`python docs/images/photograph.py`, from the repository's root, with soundflow's `[serve]`, playwright and Chromium.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import soundfile
import torch
from playwright.sync_api import sync_playwright

from soundflow.api import example_path, examples, load
from soundflow.serve.background import in_background
from soundflow.stream.engine import Engine

DESK = {"viewport": {"width": 1100, "height": 1000}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
MICROPHONE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
PATIENCE_MS = 60_000.0
HERE = Path(__file__).parent


def main() -> None:
    """Take all of them."""
    torch.set_num_threads(1)
    bundle = load("nano").bundle
    recordings = {name: path for name in examples() if (path := example_path(name)) is not None}
    with tempfile.TemporaryDirectory() as folder, Engine(bundle) as engine, sync_playwright() as playwright:
        heard = Path(folder) / "microphone.wav"
        sound, rate = soundfile.read(example_path("kitchen"))
        soundfile.write(heard, sound, rate, subtype="PCM_16")
        chromium = shutil.which("chromium") or shutil.which("google-chrome")

        def browser(*options: str) -> Any:
            return playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", *options])

        with in_background(engine, bundle, examples=recordings) as running:
            listening = browser(*MICROPHONE, f"--use-file-for-fake-audio-capture={heard}")
            at_the_desk(listening, running.url)
            on_a_phone(listening, running.url)
            listening.close()
            without = browser()
            blocked(without, running.url)
            without.close()


def opened(browser: Any, url: str, **options: Any) -> Any:
    """The page, ready."""
    page = browser.new_page(**options)
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    page.wait_for_timeout(300)
    return page


def at_the_desk(browser: Any, url: str) -> None:
    """Idle, then listening, then after a reply."""
    page = opened(browser, url, **DESK)
    page.screenshot(path=HERE / "page-idle.png")
    page.click("#microphone")
    page.wait_for_timeout(6000)
    page.screenshot(path=HERE / "page-listening.png")
    page.wait_for_selector("#replies li", timeout=PATIENCE_MS)
    page.wait_for_timeout(5000)
    page.screenshot(path=HERE / "page-reply.png")
    page.close()


def on_a_phone(browser: Any, url: str) -> None:
    """After a reply, all of it."""
    page = opened(browser, url, **PHONE)
    page.click("#microphone")
    page.wait_for_selector("#replies li", timeout=PATIENCE_MS)
    page.wait_for_timeout(2500)
    page.screenshot(path=HERE / "page-phone.png", full_page=True, scale="css")
    page.close()


def blocked(browser: Any, url: str) -> None:
    """Where the browser gives no microphone."""
    page = opened(browser, url, **DESK)
    page.click("#microphone")
    page.wait_for_selector("#blocked:not([hidden])")
    page.screenshot(path=HERE / "page-blocked.png")
    page.close()


if __name__ == "__main__":
    main()
