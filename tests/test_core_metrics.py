"""Numbers for Prometheus: served as they are when somebody asks, and never a reason for a crawl to fail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.request import urlopen

from prometheus_client.core import GaugeMetricFamily

from scraper.core.ip_address import Address
from scraper.core.metrics import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from prometheus_client import Metric


class Numbers:
    """A collector that counts how often it was asked."""

    asked = 0

    def collect(self) -> Iterator[Metric]:
        """Yield how often."""
        self.asked += 1
        yield GaugeMetricFamily("asked", "How often", value=self.asked)


def served_at(caplog: pytest.LogCaptureFixture) -> tuple[str, int]:
    found = re.search(r"Metrics are at (http://\S+:(\d+)/metrics)", caplog.text)
    assert found, caplog.text
    return found[1], int(found[2])


def test_numbers_are_read_when_somebody_asks_and_the_process_s_own_are_with_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    numbers = Numbers()
    serve(Address("127.0.0.1", 0), numbers)
    url, port = served_at(caplog)
    before = numbers.asked
    texts = [urlopen(url, timeout=30).read().decode() for _ in range(2)]
    assert [re.findall(r"^asked (\d+)", text, re.MULTILINE) for text in texts] == [[str(before + 1)], [str(before + 2)]]
    assert "process_resident_memory_bytes" in texts[0]
    assert "without a password" not in caplog.text

    caplog.clear()
    serve(Address("127.0.0.1", port), Numbers())
    assert f"No metrics are served at [metrics] address = 127.0.0.1:{port}: " in caplog.text
    assert "Metrics are at" not in caplog.text


def test_numbers_that_the_network_can_read_are_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    serve(Address("0.0.0.0", 0), Numbers())
    _, port = served_at(caplog)
    assert f"without a password: [metrics] address = 0.0.0.0:{port}" in caplog.text
