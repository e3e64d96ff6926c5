"""Write values that only the site itself can have written: cursors, page tokens, the hidden state of a form.

They are sealed with a key that is always the same, so that a crawl that is resumed on a server started anew goes on.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

KEY = b"the practice site"
MARK_BYTES = 9


def _mark(purpose: str, value: bytes) -> bytes:
    return hashlib.blake2b(purpose.encode() + b"\0" + value, key=KEY, digest_size=MARK_BYTES).digest()


def seal(purpose: str, value: str) -> str:
    """Return a value in a form that tells a client nothing and cannot be made up."""
    content = value.encode()
    return base64.urlsafe_b64encode(_mark(purpose, content) + content).decode()


def unseal(purpose: str, sealed: str) -> str | None:
    """Return the value that was sealed for a purpose; None when it was not.

    >>> unseal("cursor", seal("cursor", "10"))
    '10'
    >>> unseal("token", seal("cursor", "10"))
    """
    try:
        written = base64.urlsafe_b64decode(sealed.encode())
    except (binascii.Error, ValueError):
        return None
    mark, content = written[:MARK_BYTES], written[MARK_BYTES:]
    return content.decode() if hmac.compare_digest(mark, _mark(purpose, content)) else None
