"""Read the header with which a site says when it may be asked again."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_MOST_DIGITS = 12
"""More seconds than any site means, and few enough to calculate with."""


def retry_after_s(value: str, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` asks for, 0 or more; None for one that says nothing that can be used.

    It is a number of seconds or an HTTP date; source: RFC 9110, 10.2.3.

    >>> retry_after_s("120", datetime.now(UTC)), retry_after_s("-1", datetime.now(UTC))
    (120.0, None)
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:_MOST_DIGITS])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without a zone is given in GMT.
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - now).total_seconds(), 0.0)
