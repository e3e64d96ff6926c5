"""Serves numbers to Prometheus, over HTTP, from a thread of its own; they are read when somebody asks, not before."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

    from scraper.core.ip_address import Address

logger = logging.getLogger(__name__)


def serve(address: Address, collector: Collector) -> None:
    """Serve what a collector reads, and this process's memory and time, until the process ends.

    An address that cannot be had costs a line in the log: a crawl must not fail because two run at once.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(collector)
    try:
        server, _ = start_http_server(address.port, address.host, registry)
    except OSError as error:
        logger.warning("No metrics are served at [metrics] address = %s: %s", address, error.strerror)
        return
    served = address._replace(port=server.server_port)
    logger.info("Metrics are at http://%s/metrics", served)
    if not address.is_loopback:
        logger.warning("Metrics can be read from the network, without a password: [metrics] address = %s", served)
