"""What a rendered page is not given: pictures, fonts, sound and films by their names, and well-known trackers."""

from __future__ import annotations

SUFFIXES = (
    "avif", "bmp", "gif", "ico", "jpeg", "jpg", "png", "webp", "eot", "otf", "ttf", "woff", "woff2",
    "aac", "avi", "flac", "m3u8", "m4a", "m4v", "mkv", "mov", "mp3", "mp4", "mpd", "mpeg", "oga", "ogg", "ogv", "opus",
    "ts", "wav", "weba", "webm",
)  # fmt: skip
"""Ends of a path. Pictures of any name are kept out by Chromium's own setting as well."""

TRACKERS = (
    "google-analytics.com", "googletagmanager.com", "googlesyndication.com", "googleadservices.com", "doubleclick.net",
    "connect.facebook.net", "hotjar.com", "clarity.ms", "scorecardresearch.com", "quantserve.com", "criteo.com",
    "criteo.net", "taboola.com", "outbrain.com", "adnxs.com", "amazon-adsystem.com", "mixpanel.com", "segment.io",
    "fullstory.com", "nr-data.net", "bat.bing.com", "analytics.tiktok.com", "mc.yandex.ru",
    "static.cloudflareinsights.com",
)  # fmt: skip
"""Hosts, with all below them, that measure and advertise; no site needs them to show its data."""


def patterns() -> list[str]:
    """Return what CDP's Network.setBlockedURLs takes."""
    names = [f"*://*/*.{suffix}{end}" for suffix in SUFFIXES for end in ("", "?*")]
    return names + [f"*://{prefix}{host}/*" for host in TRACKERS for prefix in ("", "*.")]


def is_tracker(host: str) -> bool:
    """Return whether a host is one of the trackers, or below one.

    >>> is_tracker("www.google-analytics.com")
    True
    """
    return host in TRACKERS or any(host.endswith(f".{tracker}") for tracker in TRACKERS)
