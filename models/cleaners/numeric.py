"""What counts as a number among the values that JSON pages give."""

from decimal import Decimal
from typing import TypeGuard


def is_number(value: object) -> TypeGuard[int | float | Decimal]:
    """Tell whether a page gave a number rather than text; a boolean is none.

    >>> is_number(5), is_number("5"), is_number(True)
    (True, False, False)
    """
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
