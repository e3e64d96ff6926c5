"""What languages that set spaces between words say about stock, phrase by phrase."""

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
indisponibil|indisponibilă|stoc epuizat|nu mai este în stoc|nu mai e în stoc|nu e în stoc|nu mai este disponibil
nu mai sunt disponibile|nu e disponibil|nu sunt în stoc|nu este în stoc|nu este in stoc|fără stoc|epuizat
nu este disponibil
изчерпан|изчерпано|няма в наличност|не е наличен|не е налично|неналичен|неналично|rasprodano|nema na zalihi
nedostupno|nije dostupno|nije na zalihi|ni na zalogi|ni na voljo|razprodano|nema na lageru|распродато|нема на стању
няма наличност
нет в наличии|нет на складе|распродано|отсутствует|закончился|закончилась|закончилось|недоступно|недоступен
снят с производства|нет в продаже|немає в наявності|немає на складі|розпродано|відсутній|відсутня|закінчився
недоступний
εξαντλημένο|εξαντλήθηκε|μη διαθέσιμο|μη διαθέσιμη|μη διαθέσιμος|δεν είναι διαθέσιμο|εκτός αποθέματος
δεν υπάρχει απόθεμα|εξαντλημένα
tükendi|stokta yok|stok yok|stokta bulunmuyor|mevcut değil|stok tükendi|stoklarda yok|tükənib|satıldı|stokta değil
satışta değil
läbi müüdud|pole laos|ei ole laos|otsas|laost otsas|nav noliktavā|izpārdots|nav pieejams|nav pieejama|išparduota
nebėra|nėra sandėlyje|neprieinama|nėra
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
