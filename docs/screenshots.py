"""Make the pictures of the page for the docs, in a real Chromium, of synthetic data.

    python docs/screenshots.py            # writes docs/images/web-*.png

Look at them before they are committed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from selenium.webdriver import Chrome, ChromeOptions, ChromeService  # noqa: E402
from web import Served, environment  # noqa: E402

IMAGES = ROOT / "docs" / "images"
SHOTS = (
    ("overview", "/", "light", 1200, 640),
    ("run", "/runs/{run}", "dark", 1200, 760),
)
SCHEDULE = {"SWATHE_SCHEDULE_BOOKS": "0 6 * * *", "SWATHE_SCHEDULE_QUOTES": "*/30 * * * *"}


def main() -> None:
    """Serve synthetic data, and take the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="swathe-shots-") as folder:
        environ = {**environment(folder), **SCHEDULE}
        seed = [sys.executable, str(ROOT / "benchmarks" / "web.py"), "--runs", "400", "--records", "2000"]
        subprocess.run([*seed, "--seed", "yes"], env=environ, cwd=ROOT, check=True)  # noqa: S603
        with Served(environ) as (address, login):
            browser = started()
            try:
                take(browser, address, login)
            finally:
                browser.quit()


def started() -> Chrome:
    """Return a Chromium without a window."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(flag)
    return Chrome(options=options, service=ChromeService(shutil.which("chromedriver")))


def take(browser: Chrome, address: str, login: str) -> None:
    """Log in, and write a picture of each page."""
    browser.get(login)
    ask = "return fetch(arguments[0]).then(answer => answer.json())"
    run = browser.execute_script(ask, f"{address}/runs.json?spider=books")["runs"][0]["id"]
    record = browser.execute_script(ask, f"{address}/changes.json")["changes"][0]["record"]
    for name, path, theme, width, height in SHOTS:
        features = [{"name": "prefers-color-scheme", "value": theme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get(address + path.format(run=run, record=record))
        browser.save_screenshot(str(IMAGES / f"web-{name}.png"))
        print(f"docs/images/web-{name}.png: {browser.title}")


if __name__ == "__main__":
    main()
