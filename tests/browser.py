"""A browser for tests of pages: the Chromium of the machine, driven by playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.checkout import HUNG

expect.set_options(timeout=HUNG * 1000)  # on a busy machine a page may be slow
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@contextmanager
def started() -> Iterator[Browser]:
    """The browser; the test is skipped where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"there is no browser: none of {', '.join(NAMES)} is installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, path: Path, **options) -> Iterator[Page]:
    """A page of a file. When it is closed, it has asked for nothing but that file, and said nothing to the console.

    options: of the window, such as its size.
    """
    said: list[str] = []
    asked: list[str] = []
    context = browser.new_context(**options)
    context.set_default_timeout(HUNG * 1000)
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert said == []
    assert {url for url in asked if not url.startswith("data:")} == {path.as_uri()}
