"""Let every Python process sleep under libfaketime, whose `clock_nanosleep` refuses to wait for an unfaked clock."""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: SupportsIndex | float, /) -> None:
    select.select([], [], [], float(seconds))


time.sleep = _sleep
