"""Words that turn what is said about stock, and what is said in scripts that set no spaces."""

# ruff: noqa: RUF001 - the characters that look alike are what pages write

import re

from models.cleaners.late_pattern import late

NEGATORS = frozenset(
    """
not no none cannot neither without non nicht kein keine keinen nie pas aucun n'est n'était ni sin ningún nessun não
nem
sem niet geen inte ej ikke ei eivät ekki ne není nejsou nincs nincsenek
не нет няма нема nema nije немає нема δεν μη μην değil yok pole nav nėra nebėra tidak belum bukan không chưa hindi
walang غير ليس لم لن لا ليست לא אין אינו אינה איננו אינם نیست नहीं নেই
""".split()
)
"""Words that turn what follows them into its opposite."""

SHORTLY = frozenset(
    """
soon shortly bald demnächst bientôt prochainement pronto próximamente presto logo binnenkort weldra snart pian wkrótce
niebawem brzy brzo čoskoro hamarosan curând скоро незабаром uskoro kmalu σύντομα yakında segera sắp
""".split()
)
"""Words that say that it will be so before long, on whichever side of a statement they stand."""

HEDGES = (
    (NEGATORS - {"n'est", "n'était", "ne", "ni"})
    | frozenset(
        """
never almost nearly rarely seldom hardly may might could would will if unless when whenever until soon fast beinahe
bald presque casi quasi quase bijna nästan næsten nesten melkein prawie téměř takmer
majdnem aproape почти майже neredeyse hampir wenn falls si se als om hvis jos jeśli když keď ha dacă если якщо αν
jika nếu
""".split()
    )
    | SHORTLY
)
"""Words that leave it open whether it is sold out."""

NEGATORS_AFTER = frozenset(
    "değil değildir yok yoktur kalmadı kalmamıştır bulunmuyor नहीं hayır tidak nema nėra nav نیست نمی نمی‌باشد".split()
)
"""Words that turn what stands before them into its opposite."""

ANSWERS = {
    **dict.fromkeys(
        "yes true ja oui sí si sì sim tak ano áno igen da да так ναι evet نعم כן بله हाँ y jah jā taip ano ✓ ✔ "
        "on".split(),
        True,
    ),
    **dict.fromkeys(
        "no false non nein nej nei nee nie ne não нет ні όχι hayır yox tidak không لا לא خیر نہیں नहीं nem n nu "
        "0 none zero not off ✗ ✘ × x unavailable yok değil".split(),
        False,
    ),
}
"""What a statement may be answered with: "In stock: no"."""

LATER = frozenset(
    """
soon shortly from on by after until starting ab bald bientôt dès à desde pronto presto a dal vanaf binnenkort från
snart fra alkaen pian od wkrótce brzy čoskoro hamarosan din curând от скоро с від незабаром από σύντομα yakında
segera olunca gelince olduğunda lesz từ sắp من قريبا החל בקרוב از जल्द
unless if when expected probably maybe unknown tbc tbd tba n/a
""".split()
)
"""Words after a statement which say that it holds later, or perhaps."""

WITHIN = frozenset(
    """
in within innerhalb binnen dans sous en dentro tra fra entro em over inom om innen w za do v ve през за в через σε
içinde dalam trong خلال בתוך
""".split()
)
"""Words between a statement and a span of time."""

ELSEWHERE = frozenset(
    (
        "at supplier|at suppliers|at the supplier|at our supplier|with supplier|at manufacturer|at the manufacturer|"
        "from supplier|from our supplier|beim lieferanten|beim hersteller|im zulauf|chez le fournisseur|"
        "chez fournisseur|en proveedor|del proveedor|en el proveedor|presso il fornitore|dal fornitore|no fornecedor|"
        "bij leverancier|bij de leverancier|hos leverantör|hos leverandør|u dodavatele|u dostawcy|у поставщика"
    ).split("|")
)
"""What follows a statement that holds for somebody else's stock: "in stock at supplier"."""

TIME_UNITS = frozenset(
    """
day days week weeks month months hour hours year years tag tagen tage woche wochen monat monaten stunden werktagen
werktage jour jours semaine semaines mois heures día días dia dias semana semanas mes meses horas giorno giorni
settimana settimane mese mesi ore
dag dagen week weken maand maanden dagar veckor månader dage uger måneder uker päivää päivässä viikkoa viikossa dni
dzień tygodni tygodnie tygodniu miesięcy dnů dny týdnů týdny měsíců dní týždňov nap napon hét héten hónap zile
săptămâni luni дни дней дня недель недели неделю месяцев днів тижнів днi μέρες ημέρες εβδομάδες
gün hafta ay günde hari minggu bulan ngày tuần tháng أيام يوم أسابيع أسبوع ימים שבועות روز هفته दिन दिनों सप्ताह
""".split()
)
MONTHS = frozenset(
    """
jan january feb february mar march apr april may jun june jul july aug august sep sept september oct october nov
november dec december januar jänner februar märz mai juni juli oktober dezember
janvier février mars avril juin juillet août septembre octobre novembre décembre enero febrero marzo abril mayo
junio julio agosto septiembre octubre noviembre diciembre gennaio febbraio aprile maggio giugno luglio settembre
ottobre dicembre
janeiro fevereiro março maio junho julho setembro outubro dezembro januari februari maart mei augustus augusti maj
stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
января февраля марта апреля мая июня июля августа сентября октября ноября декабря ocak şubat mart nisan mayıs
haziran temmuz ağustos eylül ekim kasım aralık
січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня ledna února března dubna
května
června července srpna září října listopadu prosince január február március április május június július augusztus
október
ianuarie martie aprilie iunie iulie octombrie noiembrie decembrie ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου
ιουνίου
ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου δεκεμβρίου toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta
tháng
mei desember agustus
""".split()
)

# Scripts that set no spaces. The longest match counts, and one inside another does not.
_PRESENT_UNSPACED = (
    "在庫あり 在庫有り 在庫有 在庫がある 在庫がございます 即納 販売中 有货 有貨 现货 現貨 有库存 有庫存 供应中 "
    "재고_있음 재고있음 재고_있습니다 구매_가능 구매가능 판매중 판매_중 มีสินค้า พร้อมส่ง มีของ มีในสต็อก "
    "สินค้าพร้อมส่ง"
)
_ABSENT_UNSPACED = (
    "在庫なし 在庫無し 在庫無 在庫切れ 品切れ 品切 売り切れ 売切れ 売切 完売 欠品 入荷待ち 販売終了 販売中止 "
    "販売停止 没货 沒貨 "
    "在庫はありません 在庫がありません 在庫がない 在庫ありません 缺货 缺貨 无货 無貨 没有库存 售罄 售完 已售完 "
    "已售罄 断货 斷貨 无库存 無庫存 下架 没有现货 無現貨 无现货 暂无现货 暂时缺货 补货中 품절 재고_없음 재고없음 "
    "재고가_없습니다 매진 구매_불가 구매불가 판매_종료 판매종료 판매중지 "
    "판매중단 일시품절 สินค้าหมด หมดสต็อก ของหมด ไม่มีสินค้า "
    "ไม่มีของ หมดแล้ว ไม่พร้อมส่ง"
)
_OPEN_UNSPACED = (
    "予約 まもなく 近日 お取り寄せ 取り寄せ 入荷予定 入荷通知 入荷お知らせ 再入荷 受注 次回入荷 未定 预订 預訂 "
    "预售 預售 预购 預購 即将 即將 到货通知 到貨通知 到货提醒 订购 如有 是否 可能 예약 입고_알림 입고_예정 "
    "입고예정 곧_예정 주문_제작 재입고 พรีออเดอร์ เร็วๆ เร็ว_ๆ แจ้งเตือน สั่งจอง อาจ เมื่อ หาก"
)

_UNSPACED = {
    phrase.replace("_", ""): kind
    for table, kind in ((_PRESENT_UNSPACED, "present"), (_ABSENT_UNSPACED, "absent"), (_OPEN_UNSPACED, "open"))
    for phrase in table.split()
}
SOON = frozenset("peu kürze kort breve poco bref short due near future bald días dnů".split())
"""What may follow such a word instead of a span of time: "sous peu", "in Kürze"."""

_ANY_UNSPACED = late("|".join(sorted(map(re.escape, _UNSPACED), key=len, reverse=True)))
_MONTH_NUMBER = late(r"[0-9](?:月|월)")
_NEGATED_BEFORE = late(r"(?:[不没沒无無未非]|没有|沒有|ไม่|ยังไม่)\Z")
_NEGATED_AFTER = late(r"止|停|不可|では?ない|じゃない|(?:して(?:おりま|いま)せん)|(?:중|하|되)?지|중?단|불가")
_BETWEEN_SIGNS = late(r"[\s:：]+")


def said_without_spaces(text: str) -> set[str]:
    """Return what a text in Chinese, Japanese, Korean or Thai says: "present", "absent", "open".

    >>> said_without_spaces("在庫: あり"), said_without_spaces("재고 없음"), said_without_spaces("in stock")
    ({'present'}, {'absent'}, set())
    """
    text = _BETWEEN_SIGNS.sub("", text)
    said = {"open"} if _MONTH_NUMBER.search(text) else set()
    for found in _ANY_UNSPACED.finditer(text):
        kind = _UNSPACED[found[0]]
        negated = _NEGATED_BEFORE.search(text, 0, found.start()) or _NEGATED_AFTER.match(text, found.end())
        said.add("absent" if kind == "present" and negated else kind)
    return said
