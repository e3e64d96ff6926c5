"""How Chromium is started: what it must not do, what it must not load, and what makes it fast."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from selenium.webdriver.chrome.options import Options

if TYPE_CHECKING:
    from pathlib import Path

    from scraper.core.config.sections import RenderingConfig
    from scraper.fetch.browser.installed import Installed

SMALL_SHM_MB = 512
"""Containers often have 64 MB of shared memory, of which Chromium's tabs die."""

FLAGS = (
    "--headless=new",
    # No history and no other database on disk is kept.
    "--incognito",
    # Nothing is looked at: drawing is done where it costs least. It goes on, though (so no
    # --disable-threaded-compositing, which would save a fifth of a page's time): what observers and animation frames
    # add is on no page without it, and no screenshot comes.
    "--disable-gpu",
    "--disable-gpu-compositing",
    "--disable-software-rasterizer",
    "--disable-threaded-animation",
    "--in-process-gpu",
    # Without bars around the page, which cost as well.
    "--kiosk",
    "--screen-info={1280x720}",
    "--window-size=1280,720",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-service-autorun",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-component-extensions-with-background-pages",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-client-side-phishing-detection",
    "--disable-sync",
    "--disable-quic",
    "--disable-breakpad",
    "--disable-notifications",
    "--deny-permission-prompts",
    "--disable-search-engine-choice-screen",
    "--mute-audio",
    "--metrics-recording-only",
    "--password-store=basic",
    "--use-mock-keychain",
    # A page that is not in front must run as fast as one that is.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # WebRTC would go around the gate. With windows the first is heeded, without them the second.
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    # One site a driver at a time, nothing of another in its profile: a process for each site is a price without gain
    # (a third of a page's time), and frames of one site could not be read in one go.
    "--disable-site-isolation-trials",
    "--disable-features=BackForwardCache,IsolateOrigins,site-per-process,RenderDocument,SpareRendererForSitePerProcess,"
    "Translate,OptimizationHints,HttpsUpgrades,MediaRouter,InterestFeedContentSuggestions,AutofillServerCommunication",
)
PREFERENCES = {
    # 2 is "block"; source: ContentSetting in components/content_settings.
    "profile.managed_default_content_settings.images": 2,
    **{
        f"profile.default_content_setting_values.{kind}": 2
        for kind in ("popups", "notifications", "geolocation", "media_stream", "automatic_downloads", "midi_sysex")
    },
    # 3 is "all downloads"; source: the policy DownloadRestrictions.
    "download_restrictions": 3,
    "plugins.always_open_pdf_externally": True,
    "credentials_enable_service": False,
    "dns_prefetching.enabled": False,
}


def options_for(config: RenderingConfig, user_agent: str, *, verify_certificates: bool) -> Options:
    """Return what every driver is started with, here or on a Grid."""
    options = Options()
    # Waiting is done in the page: the driver's own waits for what is never needed.
    options.page_load_strategy = "none"
    options.unhandled_prompt_behavior = "dismiss"
    options.accept_insecure_certs = not verify_certificates
    for flag in FLAGS:
        options.add_argument(flag)
    if user_agent:
        options.add_argument(f"--user-agent={user_agent}")
    if config.sandbox == "off" or (config.sandbox == "auto" and os.geteuid() == 0):
        options.add_argument("--no-sandbox")
    options.add_experimental_option("prefs", PREFERENCES)
    options.add_experimental_option("excludeSwitches", ["enable-logging", "enable-automation"])
    options.add_experimental_option("perfLoggingPrefs", {"enableNetwork": True, "enablePage": False})
    capabilities: dict[str, Any] = {"performance": "ALL", "browser": "OFF", "driver": "OFF"}
    options.set_capability("goog:loggingPrefs", capabilities)
    return options


def add_local(options: Options, found: Installed, profile: Path, gate_port: int) -> None:
    """Add what a browser on this machine needs: its program, its profile, and the gate as its only way out."""
    options.binary_location = str(found.chromium)
    if found.is_shell:
        # Chromedriver takes a profile that it is given for one with pages to restore, and waits for them; its own lies
        # among the driver's temporary files. Preferences are not read.
        options.add_argument("--blink-settings=imagesEnabled=false")
    else:
        options.add_argument(f"--user-data-dir={profile}")
    options.add_argument(f"--proxy-server=http://127.0.0.1:{gate_port}")
    # Chromium spares loopback addresses the proxy unless it is told otherwise.
    options.add_argument("--proxy-bypass-list=<-loopback>")
    # The browser ends when chromedriver does: the pipe between them breaks. A port would stay open.
    options.add_argument("--remote-debugging-pipe")
    if _shared_memory_mb() < SMALL_SHM_MB:
        options.add_argument("--disable-dev-shm-usage")


def _shared_memory_mb() -> float:
    try:
        found = os.statvfs("/dev/shm")  # noqa: S108 - where Chromium keeps what its processes share
    except OSError:
        return 0
    return found.f_blocks * found.f_frsize / 2**20
