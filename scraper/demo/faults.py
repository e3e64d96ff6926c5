"""Faults that a test asks the practice server for."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_STATUS = 500


@dataclass(frozen=True)
class Fault:
    """What goes wrong at one address.

    `status` is answered instead of the page; None leaves the page as it is, for a fault that only delays. `times` is
    how often it happens before the page recovers; None means always. `retry_after` becomes the header of that name:
    seconds, or an HTTP date. `delay_s` is waited before the answer. `drop` closes the connection without one, whatever
    the status.

    Or the page is answered, but not as it should be; the status then need not be given: `remove_next` takes out all
    that leads to the next page, `keep_records` leaves only the first records of a list, `serve_as` answers with the
    page at another path (and query). `body`, of the type `content_type`, is answered instead of the page; with a
    `status` other than 500 it has that one. `skip` is how many requests are answered well before the first fault, for
    lists whose pages share an address.
    """

    status: int | None = DEFAULT_STATUS
    times: int | None = None
    retry_after: int | str | None = None
    delay_s: float = 0.0
    drop: bool = False
    remove_next: bool = False
    keep_records: int | None = None
    serve_as: str | None = None
    body: str | None = None
    content_type: str = "text/html; charset=utf-8"
    skip: int = 0

    def __post_init__(self) -> None:
        """Refuse values that could not be served, with a ValueError."""
        if self.body is not None and self.status in (None, DEFAULT_STATUS):
            object.__setattr__(self, "status", 200)
        elif (self.damages or self.serve_as is not None) and self.status == DEFAULT_STATUS:
            object.__setattr__(self, "status", None)
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError(f"cannot make a fault: status must be from 200 to 599, or None, not {self.status}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"cannot make a fault: times must be 1 or more, or None for always, not {self.times}")
        if self.delay_s < 0:
            raise ValueError(f"cannot make a fault: delay_s must be 0 or more, not {self.delay_s}")
        if self.keep_records is not None and self.keep_records < 0:
            raise ValueError(f"cannot make a fault: keep_records must be 0 or more, or None, not {self.keep_records}")
        if self.serve_as is not None and not self.serve_as.startswith("/"):
            raise ValueError(f"cannot make a fault: serve_as must be a path that begins with /, not {self.serve_as!r}")
        if self.skip < 0:
            raise ValueError(f"cannot make a fault: skip must be 0 or more, not {self.skip}")

    @property
    def damages(self) -> bool:
        """Whether the page is answered with something taken out."""
        return self.remove_next or self.keep_records is not None
