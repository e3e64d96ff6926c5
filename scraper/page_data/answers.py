"""Tell an answer of an API that is an error, or a part, from one that says that there are no more records."""

from __future__ import annotations

from typing import Any

PLAIN_WORDS = ("", "0", "none", "null", "false", "no", "ok", "success", "successful", "no error")
"""What an `error` says when there is none."""

BAD_STATES = ("error", "errors", "fail", "failed", "failure", "unavailable")


def fault_of(data: Any, path: str, found: Any) -> str:
    """Say why an answer that has `found` at `path` may lack records; empty when nothing speaks for that.

    A list that is there, and empty, is an end. One that is absent or null is none, and an error beside the path counts
    whatever was found.

    >>> fault_of({"error": {"code": 429}}, "items", None)
    "answered with an error (error: {'code': 429})"
    >>> fault_of({"data": None}, "data.items", None), fault_of({"items": []}, "items", [])
    ("has nothing at 'data.items'", '')
    """
    for name, value in _beside(data, path):
        says_error = name.lower() in ("error", "errors") and _is_error(value)
        if says_error or (not found and _is_bad(name.lower(), value)):
            return f"answered with an error ({name}: {str(value)[:100]})"
    return "" if found is not None else f"has nothing at '{path}'"


def error_in(data: Any) -> str:
    """Say which error an answer is, whatever else it holds; empty when it is none.

    >>> error_in({"status": "error", "items": []}), error_in({"status": "ok"}), error_in([])
    ('answered with an error (status: error)', '', '')
    """
    for name, value in data.items() if isinstance(data, dict) else ():
        says_error = str(name).lower() in ("error", "errors") and _is_error(value)
        if says_error or _is_bad(str(name).lower(), value):
            return f"answered with an error ({name}: {str(value)[:100]})"
    return ""


def _beside(data: Any, path: str) -> list[tuple[str, Any]]:
    """Return what stands in an answer beside the path to its records, at each level."""
    beside = []
    for name in path.split("."):
        if not isinstance(data, dict):
            break
        name = name.partition("[")[0].strip('"')
        beside += [(str(key), value) for key, value in data.items() if key != name]
        data = data.get(name)
    return beside


def _is_error(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() not in PLAIN_WORDS
    if isinstance(value, list):
        return any(map(_is_error, value))
    if isinstance(value, dict) and "code" in value:
        return str(value["code"]).lower() not in (*PLAIN_WORDS, "200")
    if isinstance(value, dict):
        return any(map(_is_error, value.values()))
    return bool(value)


def _is_bad(name: str, value: Any) -> bool:
    """Return whether a field says that the answer is none."""
    if name in ("success", "ok"):
        return value is False
    if name not in ("status", "code", "statuscode", "status_code", "state", "result"):
        return False
    if isinstance(value, str) and not value.isdecimal():
        return value.strip().lower() in BAD_STATES
    return not isinstance(value, bool | None) and str(value).isdecimal() and 400 <= int(value) < 600
