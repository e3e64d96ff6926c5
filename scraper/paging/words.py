"""What pages say of the pages of a list: a link to the next one, a button for more, how many there are."""

from __future__ import annotations

import re
import unicodedata

NEXT = {
    "ar": "التالي|التالية|الصفحة التالية",
    "bn": "পরবর্তী|পরের|পরবর্তী পাতা",
    "bg": "следваща|напред|следваща страница",
    "ca": "següent|pàgina següent",
    "cs": "další|následující|další stránka|následující stránka|další strana",
    "da": "næste|næste side",
    "de": "weiter|nächste|nächster|nächste seite|zur nächsten seite|vorwärts|ältere beiträge|ältere einträge",
    "el": "επόμενη|επόμενο|επόμενη σελίδα",
    "en": "next|next page|go to next page|older|older posts|older entries|older articles|forward",
    "es": "siguiente|próxima|próximo|página siguiente|siguiente página|próxima página|entradas antiguas",
    "et": "järgmine|järgmine leht|edasi",
    "eu": "hurrengoa|hurrengo orria",
    "fa": "بعدی|صفحه بعد|صفحه بعدی",
    "fi": "seuraava|seuraava sivu",
    "fr": "suivant|suivante|suivants|suivantes|page suivante|articles plus anciens",
    "gl": "seguinte|páxina seguinte",
    "he": "הבא|הבאה|לעמוד הבא|העמוד הבא",
    "hi": "अगला|अगला पृष्ठ|अगला पेज|आगे",
    "hr": "sljedeća|sljedeće|sljedeći|iduća|sljedeća stranica|iduća stranica",
    "hu": "következő|következő oldal|tovább",
    "id": "berikutnya|selanjutnya|halaman berikutnya|halaman selanjutnya",
    "is": "næsta|næsta síða",
    "it": "successiva|successivo|successivi|avanti|prossima|pagina successiva|prossima pagina",
    "ja": "次|次へ|次のページ|次のページへ|次ページ",
    "ka": "შემდეგი|შემდეგი გვერდი",
    "ko": "다음|다음 페이지|다음페이지",
    "lt": "kitas|kita|kitas puslapis",
    "lv": "nākamā|nākamais|nākamā lapa",
    "ms": "seterusnya|halaman seterusnya",
    "nl": "volgende|volgende pagina|verder|oudere berichten",
    "no": "neste|neste side",
    "pl": "następna|następny|następne|dalej|następna strona|kolejna strona",
    "pt": "próxima|próximo|seguinte|próxima página|página seguinte|avançar",
    "ro": "următoarea|următorul|pagina următoare|înainte",
    "ru": "далее|дальше|вперёд|вперед|след|следующая|следующие|следующая страница|след страница",
    "sk": "ďalšia|ďalší|ďalšie|nasledujúca|nasledujúca strana|ďalšia strana|ďalšia stránka",
    "sl": "naslednja|naslednji|naslednja stran",
    "sr": "следећа|следеће|следећа страна|sledeća|sledeće|sledeća strana",
    "sv": "nästa|nästa sida",
    "th": "ถัดไป|หน้าถัดไป|หน้าต่อไป",
    "tr": "sonraki|sonraki sayfa|ileri",
    "uk": "далі|наступна|наступна сторінка|вперед",
    "vi": "tiếp|tiếp theo|trang sau|trang tiếp|trang kế",
    "zh": "下一页|下页|下一頁|下頁|后页|後頁",
}
"""What links to the next page say, by language; whatever the case, and what stands around the words."""

MORE = {
    "cs": "načíst další|zobrazit další",
    "da": "vis flere|indlæs flere",
    "de": "mehr|mehr laden|mehr anzeigen|mehr ergebnisse|weitere laden|weitere anzeigen|weitere ergebnisse",
    "en": "more|load more|show more|view more|see more|more results|more items|more products|load more results|"
    "load more items|load more products|show more results|show more items|show more products",
    "es": "más|ver más|cargar más|mostrar más|más resultados",
    "fi": "lataa lisää|näytä lisää",
    "fr": "plus|voir plus|charger plus|afficher plus|en voir plus|plus de résultats",
    "hu": "több betöltése|továbbiak betöltése|több megjelenítése",
    "id": "muat lebih banyak|lihat lebih banyak|tampilkan lebih banyak",
    "it": "altro|carica altro|mostra altro|carica altri|mostra altri|vedi altri|altri risultati",
    "ja": "もっと見る|さらに表示|もっと読み込む|さらに読み込む",
    "ko": "더보기|더 보기|더 불러오기",
    "nl": "meer|meer laden|laad meer|toon meer|meer tonen|meer resultaten",
    "no": "vis flere|last inn flere",
    "pl": "więcej|pokaż więcej|załaduj więcej|wczytaj więcej|zobacz więcej",
    "pt": "mais|ver mais|carregar mais|mostrar mais|mais resultados",
    "ro": "mai multe|încarcă mai multe|vezi mai multe|arată mai multe",
    "ru": "ещё|еще|показать ещё|показать еще|загрузить ещё|загрузить еще",
    "sv": "visa fler|ladda fler|ladda mer|visa mer",
    "tr": "daha fazla|daha fazla göster|daha fazla yükle",
    "uk": "ще|показати ще|завантажити ще",
    "vi": "xem thêm|tải thêm",
    "zh": "更多|加载更多|查看更多|显示更多|載入更多|查看更多結果",
}
"""What buttons say that show more of a list."""

ARROWS = ">\u203a\u00bb\u2192\u27e9\u276f\u25b6\u25ba\u21d2\u279c\u2794"

NEXT_CLASS = re.compile(r"(?:^|[-_])next(?:$|[-_])|^next|^pagerNext$|^older(?:-posts)?$", re.IGNORECASE)
MORE_CLASS = re.compile(r"(?:^|[-_])(?:load|show|view|see)[-_]?more(?:$|[-_])|^(?:load|show|view)More$")
ADDRESS_ATTRIBUTES = ("data-url", "data-href", "data-next", "data-next-url", "data-src", "data-load-url", "formaction")
"""Where a button may have the address of what it shows."""

COUNT = r"\d{1,3}(?:[.,\u00a0\u202f' ]\d{3}){1,4}|\d{1,9}"
_PAGE = (
    "page|pages|seite|página|páginas|pagina|sida|side|strana|stránka|strona|oldal|sivu|sayfa|halaman|trang|"
    "страница|стр|сторінка|страница|σελίδα|صفحة|עמוד|पृष्ठ|ページ|페이지"
)
OF = r"of|/|von|de|sur|di|van|av|af|z|ze|из|από|من|מתוך|dari|din|od|з|от"
_OF = rf"(?:{OF})"
PAGE_OF = re.compile(rf"(?:\b|(?<=\W))(?:{_PAGE})\.?:?\s*(\d{{1,6}})\s*{_OF}\s*(\d{{1,6}})(?!\d)", re.IGNORECASE)
PAGE_OF_EAST = re.compile(r"(\d{1,6})\s*+[页頁]?\s*+[,,/]?\s*+[共全/]\s*(\d{1,6})\s*[页頁ページ]")
BARE_OF = re.compile(rf"^\s*(\d{{1,5}})\s*{_OF}\s*(\d{{1,5}})\s*$", re.IGNORECASE)
RANGE_OF = re.compile(
    rf"(?<!\d)({COUNT})\s*(?:-|\u2013|\u2014|to|bis|à|a|al|tot|до|~)\s*({COUNT})\s*(?:\w+\s+){{0,2}}?{_OF}\s*"
    rf"(?:\w+\s+)?({COUNT})(?!\d)",
    re.IGNORECASE,
)
RECORDS = (
    "results?|records?|items?|products?|quotes?|books?|entries|matches|hits|articles?|jobs?|listings?|posts?|offers?|"
    "titles?|found|treffer|ergebnisse|produkte|artikel|einträge|résultats?|produits?|articles|annonces?|resultados?|"
    "productos?|produtos?|registros?|risultati|prodotti|resultaten|producten|resultat|träffar|produkter|resultater|"
    "tulosta|tuotetta|wyników|produktów|výsledků|produktů|találat|termék|rezultate|produse|результатов|товаров|"
    "результатів|товарів|резултата|αποτελέσματα|sonuç|ürün|نتيجة|תוצאות|परिणाम|hasil|kết quả"
)
_PER_PAGE = r"per|each|pro|par|por|a page|on this page|(?:auf|sur) (?:dieser|cette)"
TOTAL = re.compile(
    rf"(?<![\w.,])({COUNT})\s+(?:\w+\s+)?(?:{RECORDS})(?!\w)(?!\s+(?:{_PER_PAGE})\b)"
    rf"(?=\s*(?:[^\w\s]|$)|\s+(?:found|for|in|of|on|match\w*|total|available|sorted|from|were|are|were|with|by|listed|"
    rf"gefunden|für|zu|trouvés?|pour|encontrad[oa]s|para|trovati|per|gevonden|voor|{COUNT})(?!\w))",
    re.IGNORECASE,
)
"""What is counted has to end its phrase: "25 job categories" are no jobs, and "20 items per page" no total."""

TOTAL_EAST = re.compile(rf"(?<![\d.,])({COUNT})\s*(?:件|条结果|条|條|个结果|個結果|건|개)")
"""A text may say "60 results", and be about the page's own records or those of all pages."""


def _set(words: dict[str, str]) -> frozenset[str]:
    return frozenset(_bare(word) for line in words.values() for word in line.split("|"))


def _bare(text: str) -> str:
    """Return a text case folded, without the arrows, signs and spaces around it."""
    folded = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    first, last = 0, len(folded)
    while first < last and unicodedata.category(folded[first])[0] in "PSZC":
        first += 1
    while last > first and unicodedata.category(folded[last - 1])[0] in "PSZC":
        last -= 1
    return re.sub(r"[.…:]", "", folded[first:last])


_NEXT, _MORE = _set(NEXT), _set(MORE)
_AMOUNT = re.compile(rf"\s?\(?(?:{COUNT})(?:\s+(?:{RECORDS}))?\)?$", re.IGNORECASE)


def says_next(text: str) -> bool:
    """Return whether a text is what links to the next page say, in words or as an arrow.

    >>> [says_next(text) for text in ("Next →", "Next\u00a0>", "Next 20 results", "След.", "»", "Next of kin")]
    [True, True, True, True, True, False]
    """
    bare = _bare(text)
    if not bare:
        return any(sign in ARROWS for sign in text) and not any(sign in "<\u2039\u00ab\u2190" for sign in text)
    return bare in _NEXT or _AMOUNT.sub("", bare) in _NEXT


def says_more(text: str) -> bool:
    """Return whether a text is what buttons say that show more of a list.

    >>> [says_more(text) for text in ("Load more", "Mehr anzeigen …", "Show more (50)", "More...", "More about us")]
    [True, True, True, True, False]
    """
    bare = _bare(text)
    return bare in _MORE or _AMOUNT.sub("", bare).rstrip() in _MORE


def pages_stated(text: str) -> tuple[int, int] | None:
    """Return the page's own number and how many there are, where a text says "Page 1 of 3", or no more than "1 / 3".

    >>> pages_stated("Page 1 of 3"), pages_stated("Seite 2 von 10"), pages_stated("1 / 3"), pages_stated("2 of us")
    ((1, 3), (2, 10), (1, 3), None)
    """
    found = PAGE_OF.search(text) or BARE_OF.match(text) or PAGE_OF_EAST.search(text)
    return (int(found[1]), int(found[2])) if found else None


def total_stated(text: str) -> int | None:
    """Return how many records a text says there are: "60 results", "1-10 of 60".

    >>> [total_stated(text) for text in ("1,000 results - showing 1 to 20", "1-10 of 60", "60 Treffer", "60 kg")]
    [1000, 60, 60, None]
    """
    if found := RANGE_OF.search(text):
        return _number(found[3])
    found = TOTAL.search(text) or TOTAL_EAST.search(text)
    return _number(found[1]) if found else None


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text))
