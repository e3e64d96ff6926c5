"""Faults that a test asks the practice server for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What goes wrong on one path.

    `status` is answered instead of the page; None leaves the page as it is, for a fault that only delays. `times` is
    how often it happens before the page recovers; None means always. `retry_after` becomes the header of that name:
    seconds, or an HTTP date. `delay_s` is waited before the answer. `drop` closes the connection without one, whatever
    the status.
    """

    status: int | None = 500
    times: int | None = None
    retry_after: int | str | None = None
    delay_s: float = 0.0
    drop: bool = False

    def __post_init__(self) -> None:
        """Refuse values that could not be served, with a ValueError."""
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError(f"cannot make a fault: status must be from 200 to 599, or None, not {self.status}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"cannot make a fault: times must be 1 or more, or None for always, not {self.times}")
        if self.delay_s < 0:
            raise ValueError(f"cannot make a fault: delay_s must be 0 or more, not {self.delay_s}")
