"""What languages say about stock: that there is some, that there is none, and what leaves it open."""

# ruff: noqa: RUF001 - the characters that look alike are what pages write

# Phrases by language, separated by "|", in lower case, with spaces for hyphens.
_PRESENT = """
in stock|instock|available|on stock|in store now|back in stock|ready to ship|ready for shipping|limited availability
limitedavailability|low stock|low in stock
auf lager|lagernd|vorrätig|verfügbar|lieferbar|sofort lieferbar|am lager|an lager|ab lager|vorhanden|auf vorrat
en stock|disponible|disponibles|disponible immédiatement|en magasin|hay existencias|en existencia|en existencias
hay stock|con stock|con existencias
disponibile|disponibili|in magazzino|a magazzino|disponibilità immediata|disponibilita immediata|em estoque|em stock
disponível|disponíveis|disponivel|pronta entrega
op voorraad|leverbaar|beschikbaar|voorradig|uit voorraad leverbaar|verkrijgbaar
i lager|finns i lager|på lager|på lageret|tillgänglig|tillgängligt|i webblager|tilgængelig|tilgængeligt|tilgjengelig
varastossa|saatavilla|saatavana|heti saatavilla|á lager|til á lager|fáanlegt
dostępny|dostępna|dostępne|dostępność natychmiastowa|na stanie|w magazynie|w sprzedaży|jest w magazynie|na magazynie
skladem|na skladě|dostupné|dostupný|dostupná|k dispozici|na sklade|je skladem|je na sklade|ihneď k odberu
ihned k odběru
készleten|raktáron|elérhető|kapható|azonnal szállítható|van készleten
în stoc|in stoc|disponibil|disponibilă|disponibila|pe stoc|în magazin
в наличност|налично|наличен|налична|налични|на склад|u zalihi|na zalihi|dostupno|na lageru|na zalogi|na voljo
dobavljivo|доступно|на стању|на лагеру|достапно
в наличии|есть в наличии|есть на складе|на складе|доступно|доступен|доступна|имеется в наличии|в продаже|в наявності
є в наявності|на складі|доступний|є на складі
διαθέσιμο|διαθέσιμα|διαθέσιμος|διαθέσιμη|άμεσα διαθέσιμο|σε απόθεμα|ετοιμοπαράδοτο
stokta|stokta var|stoklarda|mevcut|mevcuttur|satışta|stokda|mövcuddur|mövcud
laos|laos olemas|saadaval|olemas|noliktavā|ir noliktavā|pieejams|pieejama|yra sandėlyje|sandėlyje|turime|prieinama
galima įsigyti
tersedia|stok tersedia|ada stok|ready stock|stok ada|còn hàng|có sẵn|sẵn hàng|sẵn có|may stock|mayroon
متوفر|متوفرة|متاح|متاحة|موجود|في المخزون|متوفر في المخزون|במלאי|קיים במלאי|זמין|יש במלאי|זמינה|موجود است
موجود در انبار|دستیاب|دستیاب ہے
उपलब्ध|उपलब्ध है|स्टॉक में|स्टॉक में है|স্টকে আছে|স্টক আছে|இருப்பில் உள்ளது|స్టాక్‌లో ఉంది|მარაგშია|առկա է
"""
_ABSENT = """
out of stock|outofstock|sold out|soldout|unavailable|un available|discontinued|no stock|not in stock|nil stock
zero stock|none left|out of print|no longer made|not for sale|no longer for sale|all gone|stock out
ausverkauft|vergriffen|nicht auf lager|nicht lieferbar|nicht verfügbar|nicht vorrätig|nicht mehr verfügbar
nicht mehr lieferbar|nicht vorhanden|kein bestand|nicht lagernd|derzeit nicht verfügbar
épuisé|épuisée|épuisés|rupture de stock|en rupture|hors stock|indisponible|plus disponible|non disponible
pas en stock|victime de son succès|stock épuisé|en rupture de stock
agotado|agotada|agotados|sin existencias|sin stock|no disponible|fuera de stock|descatalogado|no hay existencias
no hay stock|no queda stock
esaurito|esaurita|esauriti|non disponibile|fuori stock|non in magazzino|terminato|esgotado|esgotada|indisponível
indisponivel|fora de estoque|sem estoque|sem stock|não disponível
uitverkocht|niet op voorraad|niet leverbaar|niet beschikbaar|niet voorradig|niet meer leverbaar|onbeschikbaar
slut i lager|slutsåld|slutsålt|ej i lager|ej tillgänglig|finns ej i lager|ikke på lager|udsolgt|utsolgt
ikke tilgængelig|ikke tilgjengelig|loppu|loppuunmyyty|ei varastossa|ei saatavilla|loppu varastosta|ekki til á lager
uppselt
niedostępny|niedostępna|niedostępne|brak w magazynie|brak na stanie|wyprzedany|wyprzedane|wyprzedana|brak towaru
chwilowo niedostępny|brak|produkt niedostępny
není skladem|vyprodáno|vyprodané|nedostupné|nedostupný|nedostupná|není k dispozici|nie je skladom|vypredané
nie je na sklade|momentálně nedostupné
elfogyott|nincs készleten|nincs raktáron|nem elérhető|nem kapható|nem rendelhető|kifogyott|készlethiány
indisponibil|indisponibilă|stoc epuizat|nu este în stoc|nu este in stoc|fără stoc|epuizat|nu este disponibil
изчерпан|изчерпано|няма в наличност|не е наличен|не е налично|неналичен|неналично|rasprodano|nema na zalihi
nedostupno|nije dostupno|nije na zalihi|ni na zalogi|ni na voljo|razprodano|nema na lageru|распродато|нема на стању
нет в наличии|нет на складе|распродано|отсутствует|закончился|закончилась|закончилось|недоступно|недоступен
снят с производства|нет в продаже|немає в наявності|немає на складі|розпродано|відсутній|відсутня|закінчився
недоступний
εξαντλημένο|εξαντλήθηκε|μη διαθέσιμο|μη διαθέσιμη|μη διαθέσιμος|δεν είναι διαθέσιμο|εκτός αποθέματος
δεν υπάρχει απόθεμα|εξαντλημένα
tükendi|stokta yok|stok yok|stokta bulunmuyor|mevcut değil|stok tükendi|stoklarda yok|tükənib|satıldı|stokta değil
satışta değil
läbi müüdud|pole laos|ei ole laos|otsas|laost otsas|nav noliktavā|izpārdots|nav pieejams|nav pieejama|išparduota
nėra sandėlyje|neprieinama|nėra
habis|stok habis|tidak tersedia|stok kosong|kehabisan stok|terjual habis|hết hàng|tạm hết hàng|không có sẵn
ngừng kinh doanh|không còn hàng|ubos na|walang stock
غير متوفر|غير متوفرة|نفد|نفد من المخزون|نفذ|نفذت الكمية|نفدت الكمية|غير متاح|غير متاحة|غير موجود|אזל|אזל מהמלאי
אזל המלאי|לא במלאי|לא זמין|חסר במלאי|ناموجود|موجود نیست|تمام شد|اتمام موجودی|دستیاب نہیں
स्टॉक में नहीं|स्टॉक में नहीं है|उपलब्ध नहीं|उपलब्ध नहीं है|स्टॉक समाप्त|अनुपलब्ध|बिक गया|স্টকে নেই|স্টক শেষ
இருப்பில் இல்லை|స్టాక్ లేదు|არ არის მარაგში|առկա չէ
"""
# Leaves open, wherever it stands, whether anything can be bought now.
_OPEN = """
pre order|preorder|pre orders|pre ordered|pre sale|presale|back order|backorder|backordered|back ordered|coming soon
on request|made to order|by order only|to be announced|waitlist|waiting list|wait list
vorbestellbar|vorbestellen|vorbestellung|auf anfrage|auf bestellung|auf nachfrage|nachbestellt|in kürze|demnächst
wird nachbestellt
précommande|précommander|en précommande|sur commande|sur demande|bientôt disponible|à venir|à paraître|preventa
reserva ya|bajo pedido|por encargo|próximamente|proximamente|bajo demanda|preordine|prenotabile|su ordinazione
su richiesta|prossimamente|in arrivo|pré venda|sob encomenda|sob consulta|em breve|brevemente
binnenkort|op bestelling|op aanvraag|vooruitbestellen|nabestelling|förbeställ|förboka|kommer snart|beställningsvara
forudbestil|bestillingsvare|forhåndsbestill|kommer snart|ennakkotilaus|tilaustuote|tulossa|tulossa pian
przedsprzedaż|na zamówienie|wkrótce|zapowiedź|předobjednávka|na objednávku|na dotaz|brzy|připravujeme|predobjednávka
čoskoro|na dopyt|előrendelhető|előrendelés|rendelésre|hamarosan|precomandă|precomanda|la comandă|la comanda
în curând|in curand
очаквайте|по поръчка|предварителна поръчка|uskoro|po narudžbi|kmalu|po naročilu|prednaročilo|ускоро
предзаказ|под заказ|по запросу|скоро|ожидается|ожидаем|уточняйте|передзамовлення|під замовлення|незабаром|очікується
уточнюйте
προπαραγγελία|κατόπιν παραγγελίας|σύντομα|αναμένεται|ön sipariş|sipariş üzerine|yakında|çok yakında|tezliklə
eeltellimus|peagi|tellimisel|drīzumā|pēc pasūtījuma|greitai|netrukus|pagal užsakymą|segera|segera hadir|indent
pra pesan|sắp có hàng|sắp về|sắp ra mắt|đặt trước|malapit na
قريبا|قريباً|طلب مسبق|حسب الطلب|عند الطلب|בקרוב|הזמנה מראש|בהזמנה|به زودی|به‌زودی|پیش فروش|जल्द|जल्द ही
जल्द आ रहा है|शीघ्र
"""
# Leaves open what is said in the same clause.
_DOUBT = """
soon|shortly|notify|notified|alert|alerts|email|e mail|mail|remind|text me|tell me|when|whenever|once|if|until|till
unless|whether|check|ask|enquire|inquire|expected|expecting|expect|hardly|unlikely|likely
rarely|seldom|barely|scarcely|maybe|perhaps|possibly|probably|may|might|could|should|would|will|unknown|unclear
uncertain|due|awaiting|arriving|estimated|estimate|usually|normally|generally|often|sometimes|typically|was|were
previously
formerly|to be|almost|nearly|not only|not just|never|request|see|limited time|eta|back on|restock|restocked
restocking|sign up|subscribe|wishlist|wish list|varies|depending|subject to|pending
bald|wenn|falls|sobald|benachrichtigen|benachrichtigung|benachrichtigt|voraussichtlich|erwartet|vielleicht|eventuell
evtl|kaum|wahrscheinlich|vermutlich|ob|bis|wieder ab|in kürze|fast|beinahe|meist|war|wird|informieren
bientôt|prochainement|quand|lorsque|dès|prévenir|prévenez|avertir|alerter|alerte|m'avertir|me prévenir|prévu|prévue
peut être|presque|sera|était|si|attendu
pronto|cuando|avísame|avisarme|avísenme|notificar|notificarme|quizás|quizá|tal vez|previsto|prevista|casi|será
estará|apenas|presto|quando|avvisami|avvisa|avvisatemi|notifica|forse|previsto|quasi|sarà|se|logo|avise|avise me
notifique|talvez|quase|estará|caso
wanneer|zodra|als|verwacht|misschien|mail mij|laat weten|waarschuw|bijna|houd me op de hoogte|weldra|snart|när
meddela|bevaka|förväntas|kanske|nästan|om|når|hvis|giv besked|gi beskjed|varsle|forventes|måske|kanskje|næsten
nesten|pian|kun|ilmoita|ehkä|melkein|odotetaan|jos
powiadom|gdy|kiedy|jeśli|wkrótce|spodziewany|może|prawie|niebawem|až|když|jakmile|upozornit|hlídat|hlídací|možná
očekáváme|téměř|brzy|keď|ak|upozorniť|možno|strážiť|értesítést|értesítsen|értesítés|ha|várható|várhatóan|talán
majdnem|amikor|anunță|anunta|notifică|când|cand|dacă|poate|așteptat|aproape
уведоми|когато|ако|може би|очаква|обавијести|obavijesti|kad|kada|ako|možda|obvesti|ko|če|morda|kmalu|сообщить
уведомить|когда|если|возможно|почти|скоро|узнать|ожидается|повідомити|коли|якщо|можливо|майже
ειδοποίηση|ειδοποίησε|όταν|αν|ίσως|σχεδόν|ενημέρωσε|haber|haber ver|gelince|olunca|belki|bildir|olduğunda|beklenen
neredeyse
teavita|kui|võib olla|varsti|paziņot|kad|ja|varbūt|pranešti|kai|jei|galbūt|beritahu|jika|bila|ketika|mungkin|akan
hampir|thông báo|khi|nếu|có thể|sắp|dự kiến|abisuhan|kapag
أعلمني|اعلمني|أبلغني|عند|عندما|إذا|ربما|متوقع|سيكون|סמן לי|עדכנו אותי|הודע|כאשר|אם|אולי|צפוי|اطلاع|هنگام|اگر|شاید
सूचित|जब|यदि|अगर|शायद|संभावित
"""
NEGATORS = frozenset(
    """
not no none cannot neither without non nicht kein keine keinen nie pas aucun n'est sin ningún nessun não nem sem
niet geen inte ej ikke ei eivät ekki ne není nejsou nincs nincsenek
не нет няма нема nema nije немає нема δεν μη μην değil yok pole nav nėra tidak belum bukan không chưa hindi walang
غير ليس لا ليست לא אין نیست नहीं নেই
""".split()
)
"""Words that turn what follows them into its opposite."""

HEDGES = NEGATORS | frozenset(
    """
never almost nearly rarely seldom hardly may might could would will if unless when whenever until soon fast beinahe
bald presque casi quasi quase bijna nästan næsten nesten melkein prawie téměř takmer
majdnem aproape почти майже neredeyse hampir wenn falls si se als om hvis jos jeśli když keď ha dacă если якщо αν
jika nếu
""".split()
)
"""Words that leave it open whether it is sold out."""

NEGATORS_AFTER = frozenset("değil yok नहीं hayır tidak nema nėra nav".split())
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
""".split()
)

# Scripts that set no spaces. The longest match counts, and one inside another does not.
_PRESENT_UNSPACED = (
    "在庫あり 在庫有り 在庫有 在庫がある 在庫がございます 即納 販売中 有货 有貨 现货 現貨 有库存 有庫存 供应中 "
    "재고_있음 재고있음 재고_있습니다 구매_가능 구매가능 판매중 판매_중 มีสินค้า พร้อมส่ง มีของ มีในสต็อก "
    "สินค้าพร้อมส่ง"
)
_ABSENT_UNSPACED = (
    "在庫なし 在庫無し 在庫無 在庫切れ 品切れ 品切 売り切れ 売切れ 売切 完売 欠品 入荷待ち 販売終了 "
    "在庫はありません 在庫がありません 在庫がない 在庫ありません 缺货 缺貨 无货 無貨 没有库存 售罄 售完 已售完 "
    "已售罄 断货 斷貨 无库存 無庫存 下架 没有现货 無現貨 无现货 暂无现货 暂时缺货 补货中 품절 재고_없음 재고없음 "
    "재고가_없습니다 매진 구매_불가 구매불가 판매_종료 판매종료 일시품절 สินค้าหมด หมดสต็อก ของหมด ไม่มีสินค้า "
    "ไม่มีของ หมดแล้ว ไม่พร้อมส่ง"
)
_OPEN_UNSPACED = (
    "予約 まもなく 近日 お取り寄せ 取り寄せ 入荷予定 入荷通知 入荷お知らせ 再入荷 受注 次回入荷 未定 预订 預訂 "
    "预售 預售 预购 預購 即将 即將 到货通知 到貨通知 到货提醒 订购 如有 是否 可能 예약 입고_알림 입고_예정 "
    "입고예정 곧_예정 주문_제작 재입고 พรีออเดอร์ เร็วๆ เร็ว_ๆ แจ้งเตือน สั่งจอง อาจ เมื่อ หาก"
)


def _phrases(table: str) -> list[str]:
    return [phrase for line in table.strip().casefold().split("\n") for phrase in line.split("|")]


def _by_first_word(kinds: dict[str, str]) -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """Index phrases by their first word, the longest first; of one that is in two tables the later kind counts."""
    kind_of = {phrase: kind for kind, table in kinds.items() for phrase in _phrases(table)}
    index: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for phrase in sorted(kind_of, key=lambda phrase: -len(phrase.split())):
        words = tuple(phrase.split())
        index.setdefault(words[0], []).append((words, kind_of[phrase]))
    return index


UNSPACED = {
    phrase.replace("_", ""): kind
    for table, kind in ((_PRESENT_UNSPACED, "present"), (_ABSENT_UNSPACED, "absent"), (_OPEN_UNSPACED, "open"))
    for phrase in table.split()
}
"""The phrases of scripts that set no spaces between words, without any, and what each says."""

_PHRASES = _by_first_word({"doubt": _DOUBT, "open": _OPEN, "present": _PRESENT, "absent": _ABSENT})


def phrase_at(words: list[str], at: int) -> tuple[int, str]:
    """Return how many words, from a place on, are a phrase, and what it says: "present", "absent", "open" or "doubt".

    A word that begins none is one "word".

    >>> phrase_at(["now", "in", "stock"], 1), phrase_at(["now", "in", "stock"], 0)
    ((2, 'present'), (1, 'word'))
    """
    for phrase, kind in _PHRASES.get(words[at], ()):
        if len(phrase) == 1 or tuple(words[at : at + len(phrase)]) == phrase:
            return len(phrase), kind
    return 1, "word"
