"""Mojibake, text in UTF-8 that was read as something else, to what was written."""

# ruff: noqa: RUF002 - the characters that look alike are what pages write

from models.cleaners.late_pattern import late
from models.cleaners.refusal import refusal

MAX_REPAIRS = 16
"""Steps in which one text is repaired. Real pages take up to four."""

_SUSPECT = late("[^\x00-\x7f](?:(?<=[\x80-\x9fÂÃŒœ])|[^\x00-\x7f])")


def is_suspect(text: str) -> bool:
    """Tell whether `repaired` can have anything to do: quickly, for ftfy's own test takes 20 µs and most text is well.

    That test only finds something where two characters beyond ASCII meet, or at one of a few.

    >>> is_suspect("“Well”, said André."), is_suspect("donâ€™t")
    (False, True)
    """
    return _SUSPECT.search(text) is not None


def repaired(text: str) -> str:
    """Return the text that was meant; correct text stays as it is.

    As by `ftfy.fix_encoding`, which however takes quadratic time for hostile text. Raises ValueError for text that is
    still not settled after `MAX_REPAIRS` steps.

    >>> repaired("donâ€™t"), repaired("cafÃƒÂ© “São Paulo”")
    ('don’t', 'café “São Paulo”')
    """
    # Takes a tenth of a second to import, which every command would pay for that looks at a document.
    from ftfy.badness import is_bad
    from ftfy.chardata import UTF8_DETECTOR_RE
    from ftfy.fixes import fix_c1_controls

    for _ in range(MAX_REPAIRS):
        if not is_bad(text):
            return text
        better = _decoded_again(text) or UTF8_DETECTOR_RE.sub(lambda part: _decoded_again(part[0]) or part[0], text)
        if better == text:
            # Controls in the place of Windows' signs come last: until now they may have been parts of letters.
            better = fix_c1_controls(text)
        if better == text:
            return text
        text = better
    raise refusal(text, f"is mis-encoded more than {MAX_REPAIRS} times over, expected text")


def _decoded_again(text: str) -> str | None:
    """Undo one decoding of UTF-8 as something else; None where the whole text is nothing of the kind."""
    import ftfy

    stepwise = ftfy.TextFixerConfig(decode_inconsistent_utf8=False, fix_c1_controls=False)
    plan = ftfy.fix_encoding_and_explain(text, stepwise).explanation or []
    steps = [(step.action, step.parameter) for step in plan]
    for number, (action, codec) in enumerate(steps, start=1):
        if action == "decode":
            return ftfy.apply_plan(text, steps[:number]) if codec.startswith("utf-8") else None
    return None
