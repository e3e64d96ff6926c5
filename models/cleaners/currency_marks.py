"""The codes of ISO 4217, and the marks that stand for them beside prices."""

# ruff: noqa: RUF001 - the characters that look alike are what pages write

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

# ISO 4217, list one of January 2026: what is paid with. Of its codes for funds, metals and tests only CLF is here,
# in which Chile states prices.
_CURRENT = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP CNY
COP
CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR
IQD
IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR
MVR
MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
SHP
SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD
XCG
XOF XPF YER ZAR ZMW ZWG
"""
# List three: withdrawn since 2015, and still on older pages.
_WITHDRAWN = " ANG BGN BYR CUC HRK LTL MRO SLL STD VEF ZWL"

ISO_4217 = frozenset((_CURRENT + _WITHDRAWN).split())
"""Every code that a price may carry."""

THREE_DECIMALS = frozenset({"BHD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""The currencies whose prices are stated in thousandths: "KWD 12.345" is twelve dinars, not twelve thousand."""

POINT_THOUSANDTHS = frozenset({"BHD", "JOD", "KWD", "OMR"})
"""Those of them where a point stands before the thousandths, and a comma may group thousands."""

USUAL = ("USD", "JPY", "GBP", "CNY", "RUB", "KRW", "PHP", "CRC", "CHF", "RON", "CAD")
"""What a symbol of several currencies means, the first of these, where nothing else is said."""

_DOLLARS = (
    "USD ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUP CVE DOP FJD GYD HKD JMD KYD LRD MOP MXN "
    "NAD NIO NZD SBD SGD SRD TOP TTD TWD UYU WST XCD"
)
# Signs that name a currency wherever they stand.
_SYMBOLS = {
    "$": _DOLLARS, "¥": "JPY CNY", "£": "GBP EGP FKP GIP LBP SDG SHP SSP SYP", "€": "EUR", "₹": "INR", "₽": "RUB",
    "₩": "KRW KPW", "₺": "TRY", "₪": "ILS", "฿": "THB", "₫": "VND", "₴": "UAH", "₱": "PHP CUP", "₦": "NGN", "₲": "PYG",
    "₡": "CRC SVC", "₵": "GHS", "₸": "KZT", "₼": "AZN", "₾": "GEL", "₮": "MNT", "₭": "LAK", "៛": "KHR", "৳": "BDT",
     "֏": "AMD", "؋": "AFN", "﷼": "IRR OMR QAR SAR YER", "円": "JPY", "圓": "HKD MOP TWD",
    "元": "CNY HKD MOP TWD", "원": "KRW KPW",
}  # fmt: skip
# Signs with letters, as sites write them; any case.
_COMPOUNDS = """
A$ AUD|AU$ AUD|AUS$ AUD|$A AUD|$AU AUD|$AUS AUD|B$ BND BSD|BS$ BSD|BR$ BND|BZ$ BZD|BDS$ BBD|BBD$ BBD|BB$ BBD
BD$ BMD BBD|$B BOB|C$ CAD NIO|CA$ CAD|CAN$ CAD|CDN$ CAD|$C CAD|$CA CAD|$CAN CAD|$CDN CAD
CI$ KYD|KY$ KYD|CL$ CLP|CH$ CLP|CO$ COP|COL$ COP|$COL COP|CU$ CUP|CUC$ CUC|EC$ XCD|FJ$ FJD|F$ FJD|G$ GYD|GY$ GYD
HK$ HKD|$HK HKD|J$ JMD|JA$ JMD|JM$ JMD|L$ LRD|LD$ LRD|LR$ LRD|MOP$ MOP|MX$ MXN|MEX$ MXN|$MX MXN|$MN MXN|M$ MXN MOP
N$ NAD|NA$ NAD|NT$ TWD|NTD$ TWD|NTS$ TWD|TW$ TWD|$NT TWD|NZ$ NZD|$NZ NZD|R$ BRL|BR$ BRL BND|RD$ DOP|DO$ DOP|S$ SGD
SG$ SGD|SGD$ SGD|$SG SGD|SI$ SBD|SBD$ SBD|SR$ SRD|SUR$ SRD|SUR.$ SRD|T$ TOP|TP$ TOP|TT$ TTD|U$S USD|U$D USD
U$ USD UYU|US$ USD|USA$ USD|$US USD|$USA USD
UY$ UYU|$U UYU|UYU$ UYU|WS$ WST|SAT$ WST|Z$ ZWL ZWG|ZW$ ZWL ZWG|ZWL$ ZWL|AR$ ARS|ARG$ ARS|$ARG ARS|BM$ BMD|BN$ BND
KY$ KYD|BS.$ BOB|ESC$ CVE
E£ EGP|£E EGP|EG£ EGP|EGP£ EGP|L£ LBP|LB£ LBP|LL£ LBP|£L LBP|S£ SYP SDG SSP|£S SYP SDG SSP|SY£ SYP|SD£ SDG|SS£ SSP
FK£ FKP|FI£ FKP|GI£ GIP|G£ GIP|SH£ SHP|UK£ GBP|GB£ GBP|STG£ GBP|£STG GBP|£UK GBP|£GB GBP
CN¥ CNY|JP¥ JPY|RMB¥ CNY|CNH¥ CNY|¥RMB CNY|¥CN CNY|¥JP JPY|RM¥ CNY|US円 USD|人民币¥ CNY
"""
# Words that name a currency beside a number only, as they are written.
_WORDS = """
zł PLN|ZŁ PLN|zl PLN|Kč CZK|Ft HUF|lei RON MDL|Lei RON MDL|leu RON MDL|лв BGN|руб RUB BYN|р RUB BYN|грн UAH
Fr. CHF XPF|SFr CHF|TL TRY|Rp IDR|RM MYR|đ VND|VNĐ VND|RMB CNY|rmb CNY|CNH CNY
kr DKK ISK NOK SEK|Kr DKK ISK NOK SEK|Kr. DKK ISK NOK SEK|Rs INR LKR MUR NPR PKR SCR|KD KWD|BD BHD|JD JOD|LD LYD
DT TND|RO OMR|R.O. OMR|QR QAR|SR SAR|Dhs AED MAD|Dh AED MAD|KSh KES|Ksh KES|KShs KES|TSh TZS|USh UGX|L.E. EGP|S/ PEN
S/. PEN|Bs VES BOB|Bs. VES BOB|Gs. PYG|FCFA XOF XAF|CFA XOF XAF
NIS ILS|ש"ח ILS|ש״ח ILS|ден MKD|дин RSD|din RSD|тг KZT|₸ KZT|CFP XPF|NTD TWD|NT TWD
د.ك KWD|د.إ AED|ر.س SAR|ر.ع OMR|ر.ع. OMR|د.ب BHD|د.ا JOD|د.أ JOD|د.ل LYD|د.ت TND|ج.م EGP|ل.ل LBP|د.م MAD|د.م. MAD
د.ج DZD|ر.ق QAR|ع.د IQD|د.ع IQD|ر.ي YER|ل.س SYP|ل.ت TRY
"""
# Names, in any case.
_NAMES = f"""
euro EUR|euros EUR|euroa EUR|eura EUR|eurot EUR|евро EUR|євро EUR|ευρώ EUR|ευρω EUR|يورو EUR|یورو EUR|אירו EUR
eur EUR|usd USD|gbp GBP|chf CHF|pln PLN|czk CZK|dkk DKK|huf HUF|jpy JPY|aud AUD|nzd NZD|inr INR|brl BRL|zar ZAR
uah UAH|myr MYR|thb THB|krw KRW|cny CNY|hkd HKD|sgd SGD|aed AED
zloty PLN|złoty PLN|złote PLN|złotych PLN|korun CZK|koruna CZK|koruny CZK|forint HUF|лева BGN|рубль RUB BYN
рубля RUB BYN|рублей RUB BYN|rubles RUB BYN|roubles RUB BYN|гривня UAH|гривні UAH|гривень UAH|гривен UAH|тенге KZT
сум UZS|so'm UZS|soʻm UZS|сом KGS|драм AMD|лари GEL|ლარი GEL|манат AZN TMT|manat AZN TMT
lira TRY ITL|liras TRY LBP SYP|lirası TRY|yen JPY|yuan CNY|renminbi CNY|baht THB|บาท THB|dong VND|đồng VND
ringgit MYR|rupiah IDR|reais BRL|rand ZAR|naira NGN|shekel ILS|shekels ILS|שקל ILS|שקלים ILS|taka BDT|টাকা BDT
soles PEN|riel KHR|রুপি INR
dollar {_DOLLARS}|dollars {_DOLLARS}|dólar {_DOLLARS}|dólares {_DOLLARS}|доллар {_DOLLARS}|доллара {_DOLLARS}
долларов {_DOLLARS}|долл {_DOLLARS}|دولار {_DOLLARS}|دلار {_DOLLARS}|peso ARS CLP COP CUP DOP MXN PHP UYU
pesos ARS CLP COP CUP DOP MXN PHP UYU|pound GBP EGP FKP GIP LBP SDG SHP SSP SYP
pounds GBP EGP FKP GIP LBP SDG SHP SSP SYP|libras GBP|фунтов GBP EGP
franc CHF XOF XAF XPF CDF RWF|francs CHF XOF XAF XPF CDF RWF|franken CHF|krone DKK NOK|kroner DKK NOK|krona SEK ISK
kronor SEK|króna ISK|krónur ISK|rupee INR LKR MUR NPR PKR SCR|rupees INR LKR MUR NPR PKR SCR|रुपये INR NPR
रुपए INR NPR|روپے PKR|рупий INR
dirham AED MAD|dirhams AED MAD|درهم AED MAD|riyal SAR QAR YER|riyals SAR QAR YER|rial IRR OMR YER|rials IRR OMR YER
ريال SAR QAR OMR YER IRR|ریال IRR|dinar BHD DZD IQD JOD KWD LYD RSD TND|dinars BHD DZD IQD JOD KWD LYD RSD TND
دينار BHD DZD IQD JOD KWD LYD TND|ليرة LBP SYP TRY|جنيه EGP SDG GBP|shilling KES TZS UGX SOS
shillings KES TZS UGX SOS
"""
# Money that ISO 4217 has no code for, or none any more: whose amount is in nothing that a field could name.
_WITHOUT_CODE = """
تومان تومن toman tomans BTC XBT ETH USDT DEM DM FRF ITL ESP PTE ATS NLG BEF IEP FIM GRD SKK SIT EEK LVL CYP MTL XAU
XAG GBp GBX
"""
# Names in scripts that set no spaces; the longest counts.
_UNSPACED = """
人民币 CNY|人民幣 CNY|港币 HKD|港幣 HKD|港元 HKD|港紙 HKD|新台币 TWD|新台幣 TWD|新臺幣 TWD|台币 TWD|台幣 TWD
臺幣 TWD|澳门元 MOP|澳門元 MOP|葡币 MOP|美元 USD|美金 USD|日元 JPY|日圆 JPY|日圓 JPY|日本円 JPY|韩元 KRW|韓元 KRW
韓圜 KRW|欧元 EUR|歐元 EUR|英镑 GBP|英鎊 GBP
加元 CAD|加币 CAD|加幣 CAD|澳元 AUD|澳币 AUD|澳幣 AUD|纽元 NZD|紐元 NZD|新元 SGD|新币 SGD|坡币 SGD|新加坡元 SGD
泰铢 THB|泰銖 THB|卢布 RUB|盧布 RUB|瑞士法郎 CHF|瑞郎 CHF|卢比 INR|人民元 CNY|ユーロ EUR|ポンド GBP|米ドル USD
豪ドル AUD|加ドル CAD|香港ドル HKD|台湾ドル TWD|台湾元 TWD|ウォン KRW|유로 EUR|달러 USD|엔화 JPY|위안 CNY
"""

WORD_CODES = frozenset("ALL AMD BAM COP CUP GEL MAD MOP PEN SOS TOP TRY".split())
"""Codes that are words of English, too: "TOP 5" is no price in Tongan pa'anga."""

ALWAYS_WORDS = frozenset({"ALL", "TOP"})
"""Those which are words also where nothing but a number stands beside them."""


@lru_cache(maxsize=1024)
def codes_of(mark: str) -> frozenset[str]:
    """Return the currencies for which a mark can stand; none for money without a code, and for an unknown mark.

    >>> sorted(codes_of("US $")), sorted(codes_of("Kr.")), sorted(codes_of("BTC"))
    (['USD'], ['DKK', 'ISK', 'NOK', 'SEK'], [])
    """
    mark = mark.replace(" ", "")
    for table, written in (
        (_MEANINGS, mark),
        (_MEANINGS, mark.removesuffix(".")),
        (_COMPOUND_MEANINGS, mark.casefold()),
    ):
        if written in table:
            return table[written]
    return _NAME_MEANINGS.get(mark.casefold().removesuffix("."), frozenset())


def is_word(mark: str) -> bool:
    """Tell whether `mark` is a word or a code, which means a currency only beside a number.

    >>> is_word("TOP"), is_word("Fr."), is_word("US$"), is_word("円")
    (True, True, False, False)
    """
    return not any(sign in mark for sign in _SYMBOLS)


def _table(text: str) -> dict[str, frozenset[str]]:
    entries = [entry.split(maxsplit=1) for line in text.strip().split("\n") for entry in line.split("|")]
    return {mark: frozenset(codes.split()) for mark, codes in entries}


_WORD_MEANINGS = (
    _table(_WORDS) | dict.fromkeys(_WITHOUT_CODE.split(), frozenset()) | {code: frozenset({code}) for code in ISO_4217}
)
_MEANINGS = (
    {symbol: frozenset(codes.split()) for symbol, codes in _SYMBOLS.items()} | _WORD_MEANINGS | _table(_UNSPACED)
)
_COMPOUND_MEANINGS = {mark.casefold(): codes for mark, codes in _table(_COMPOUNDS).items()}
_NAME_MEANINGS = {name.casefold(): codes for name, codes in _table(_NAMES).items()}


def _any(words: Iterable[str]) -> str:
    """Return the pattern of any of several words, the longest first; where none can begin it costs one step."""
    longest_first = sorted(set(words), key=lambda word: (-len(word), word))
    firsts = "".join(sorted({word[0] for word in longest_first}))
    return f"(?=[{re.escape(firsts)}])(?:{'|'.join(map(re.escape, longest_first))})"


def _cases(words: Iterable[str]) -> Iterator[str]:
    """Yield words as they are written: a pattern that ignores case takes five times as long."""
    for word in words:
        yield from (word, word.capitalize(), word.upper())


SYMBOL = f"[{''.join(_SYMBOLS)}]"
"""The pattern of one sign of a currency."""

WORD = rf"(?<![^\W\d_]){_any([*_WORD_MEANINGS, *_cases(_NAME_MEANINGS)])}(?![^\W\d_])\.?"
"""The pattern of a word that can name a currency."""

UNSPACED = _any(_table(_UNSPACED))
"""The pattern of a currency's name in a script that sets no spaces."""

MARK = (
    rf"(?:(?<![A-Za-z])[A-Za-z]{{1,4}}\.?|(?<![A-Za-z])[A-Z]{{2,3}} )?{SYMBOL}(?:[A-Z]{{1,3}}(?![A-Za-z]))?"
    rf"|{UNSPACED}|{WORD}"
)
"""The pattern of any mark beside a number, known or not; `codes_of` tells what it can mean."""
