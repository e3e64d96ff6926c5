"""The codes of ISO 4217, and the marks that stand for them beside prices."""

# ruff: noqa: RUF001 - the characters that look alike are what pages write

import re

# ISO 4217, list one of January 2026: what is paid with. Of its codes for funds, metals and tests only CLF is here,
# in which Chile states prices.
_CURRENT = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP CNY COP
CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD
IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG
XOF XPF YER ZAR ZMW ZWG
"""
# List three: withdrawn since 2015, and still on older pages.
_WITHDRAWN = " ANG BGN BYR CUC HRK LTL MRO SLL STD VEF ZWL"

ISO_4217 = frozenset((_CURRENT + _WITHDRAWN).split())
"""Every code that a price may carry."""

THREE_DECIMALS = frozenset({"BHD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""The currencies whose prices are stated in thousandths: "KWD 12.345" is twelve dinars, not twelve thousand."""

USUAL = ("USD", "JPY")
"""What a mark of several currencies means, among these, where nothing else is said."""

# Marks that name a currency wherever they stand.
_SYMBOLS = """
£ GBP   € EUR   ₹ INR   ₽ RUB   ₩ KRW   ₺ TRY   ₪ ILS   ฿ THB   ₫ VND   ₴ UAH   ₱ PHP   ₦ NGN   ₲ PYG   ₡ CRC   ₵ GHS
₸ KZT   ₼ AZN   ₾ GEL   ₮ MNT   ₭ LAK   ៛ KHR   ৳ BDT   ֏ AMD   ؋ AFN   円 JPY   元 CNY   원 KRW
US$ USD   A$ AUD   AU$ AUD   C$ CAD   CA$ CAD   HK$ HKD   NZ$ NZD   R$ BRL   S$ SGD   SG$ SGD   NT$ TWD   MX$ MXN
AR$ ARS   RD$ DOP   CN¥ CNY   JP¥ JPY
"""
# Words that name a currency beside a number only.
_WORDS = """
zł PLN   ZŁ PLN   Kč CZK   Ft HUF   lei RON   Lei RON   лв BGN   руб RUB   грн UAH   Fr. CHF   SFr CHF   TL TRY   Rp IDR
RM MYR   đ VND   euro EUR   Euro EUR   EURO EUR   euros EUR
"""
# The same two kinds, for several currencies.
_SHARED_SYMBOLS = {
    "$": "USD AUD BBD BMD BND BSD BZD CAD FJD GYD HKD JMD KYD LRD NAD NZD SBD SGD SRD TTD TWD XCD "
    "ARS CLP COP CUP DOP MXN UYU",
    "¥": "JPY CNY",
}
_SHARED_WORDS = dict.fromkeys(("kr", "Kr", "KR"), "DKK ISK NOK SEK") | {"Rs": "INR LKR MUR NPR PKR SCR"}


def codes_of(mark: str) -> frozenset[str]:
    """Return the ISO 4217 codes that `mark`, a match of `MARK`, can mean.

    >>> sorted(codes_of("£")), sorted(codes_of("kr."))
    (['GBP'], ['DKK', 'ISK', 'NOK', 'SEK'])
    """
    mark = mark.replace(" ", "")
    return _MEANINGS.get(mark) or _MEANINGS[mark.removesuffix(".")]


def is_word(mark: str) -> bool:
    """Tell whether `mark` is a word or a code, which means a currency only beside a number.

    >>> is_word("TOP"), is_word("Fr."), is_word("US$"), is_word("円")
    (True, True, False, False)
    """
    return mark.replace(" ", "") not in _SYMBOL_MEANINGS


def _single(table: str) -> dict[str, frozenset[str]]:
    words = table.split()
    return {mark: frozenset({code}) for mark, code in zip(words[::2], words[1::2], strict=True)}


def _several(table: dict[str, str]) -> dict[str, frozenset[str]]:
    return {mark: frozenset(codes.split()) for mark, codes in table.items()}


def _symbol_pattern(mark: str) -> str:
    # eBay and others write "AU $20"; but the letter of "A $20 book" is a word.
    space = " ?" if len(mark) == 3 else ""
    return rf"(?<![A-Za-z]){mark[:-1]}{space}{re.escape(mark[-1])}"


def _word_pattern(word: str) -> str:
    return re.escape(word) if word.endswith(".") else rf"{word}\.?"


_SYMBOL_MEANINGS = _single(_SYMBOLS) | _several(_SHARED_SYMBOLS)
_WORD_MEANINGS = _single(_WORDS) | _several(_SHARED_WORDS) | {code: frozenset({code}) for code in ISO_4217}
_MEANINGS = _SYMBOL_MEANINGS | _WORD_MEANINGS

MARK = "|".join(
    [
        f"[{''.join(mark for mark in _SYMBOL_MEANINGS if len(mark) == 1)}]",
        *(_symbol_pattern(mark) for mark in _SYMBOL_MEANINGS if len(mark) > 1),
        rf"(?<![^\W\d_])(?:{'|'.join(map(_word_pattern, sorted(_WORD_MEANINGS)))})(?![^\W\d_])",
    ]
)
"""The pattern of a currency's mark; `codes_of` tells what it means."""
