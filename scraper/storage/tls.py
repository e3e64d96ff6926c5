"""What PyMongo needs for TLS with a MongoDB of the user's own, and what the embedded one does without."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scraper.core.config.sections import MongoConfig

OPENSSL = "pymongo.pyopenssl_context"


def leave_out_openssl(config: MongoConfig) -> None:
    """Keep PyMongo from importing PyOpenSSL where MongoDB is the embedded one, behind a Unix socket without TLS.

    PyMongo then has Python's `ssl`, as where PyOpenSSL is not installed. What it would import, Requests to ask for
    revoked certificates among it, is a third of what a query costs. Does nothing once PyMongo is imported.
    """
    if not config.uri.get_secret_value() and "pymongo" not in sys.modules:
        sys.modules[OPENSSL] = None  # type: ignore[assignment]  # Python's way to say that there is no such module
