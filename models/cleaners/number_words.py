"""What languages write around figures that makes them another number: multiples, parts, and words for "about"."""

# ruff: noqa: RUF001 - the characters that look alike are what pages write

import re

from models.cleaners.currency_marks import ISO_4217
from models.cleaners.late_pattern import late

# Words after figures that multiply them. Spelled without their last full stop; any case.
_MULTIPLES = """
k m b t bn mn mln mio mill mil mld mrd mlrd md mdr mds bln tn trn tsd dzd tys tis tkr mkr mnkr mdkr dozen dozens
thousand thousands hundred hundreds million millions billion billions trillion trillions lakh lakhs lac lacs lk cr
crs crore crores kharab tausend millionen milliarde milliarden hundert dutzend trillionen billionen grand karod
trilhão trilhões trilhoes trylion trylionów bilion biliony bilionů bilionów trilion triliony trillón trillones mille
дюжина дюжины дюжин десяток десятка десятков tucet tucty tuctů tuzin tuziny tuzinów düzine dusin dussin tusina tucat
duzină duzini δωδεκάδα δωδεκάδες lusin dúzia dúzias dozzine dozijn תריסר تريסר دزينة دزينات दर्जन ডজন millier
milliers milliard milliards centaine centaines douzaine douzaines miles millón millon millones millardo
millardos millar millares docena docenas cientos milhão milhao milhões milhoes mi bi bilhão bilhões milhares mila
migliaia migliaio milione milioni miliardo miliardi dozzina duizend miljoen miljard honderd tusen tusental miljon
miljoner miljarder milj tusind mia millioner milliarder tuhat tuhatta tuhansia miljoona miljoonaa miljardi miljardia
tysiąc tysiące tysięcy milion miliony milionów miliard miliardy miliardów tisíc tisíce tisíců milionů milióny
miliónů milión miliónov miliarda miliárd ezer millió milliárd százezer mie mii milioane miliarde хил хиляда хиляди
милион милиона милиард милиарда tisuća tisuće tisuću hiljada hiljade hiljadu milijun milijuna milijuni milijon
milijona milijonov milijarda milijarde milijardi tisoč tisočev хиљада хиљаде милијун милијарда тыс тысяча тысячи
тысяч тысячу млн миллион миллиона миллионов млрд миллиард миллиарда миллиардов трлн сот сотня сотни сотен к тис
тисяча тисячі тисяч мільйон мільйона мільйонів мільярд мільярда мільярдів χιλ χιλιάδες χιλιάδων εκατ εκατομμύριο
εκατομμύρια δισ δισεκατομμύρια εκ bin milyon milyar trilyon ming mingta мянга сая тэрбум мың миң tūkst tūkstoši
tūkstotis tūkstantis tūkstančiai tūkstančių miljons miljoni milijonas milijonai milijonų milijardas milijardai tuh
tuhandet miljonit miljardit mijë milionë þús þúsund milljón milljónir milljarður milljarðar ribu rb juta jt miliar
triliun libo elfu laki laksa nghìn ngàn triệu tr tỷ tỉ trăm אלף אלפים מיליון מיליארד ألف الف آلاف الاف مليون ملايين
مليار مليارات مئة هزار میلیون میلیارد لاکھ کروڑ ہزار ملین ارب हज़ार हजार लाख करोड़ करोड अरब कोटी লাখ লক্ষ কোটি হাজার
લાખ કરોડ હજાર ਲੱਖ ਕਰੋੜ ਹਜ਼ਾਰ லட்சம் கோடி ஆயிரம் లక్ష లక్షల కోటి కోట్లు వేలు ಲಕ್ಷ ಕೋಟಿ ಸಾವಿರ ലക്ഷം കോടി ആയിരം ලක්ෂ
දහස් මිලියන ათასი მილიონი հազար միլիոն մլն ሺህ ሚሊዮን
"""
# Signs of scripts that set no spaces: a word may follow at once.
_MULTIPLES_UNSPACED = late(
    "[十百千万萬亿億兆打십백천만억]|ダース|다스|โหล|조(?![각끼림])|พัน|หมื่น|แสน|ล้าน|ពាន់|ម៉ឺន|លាន|ພັນ|ແສນ|ລ້ານ|ထောင်|သောင်း|သိန်း"
)

# Words before figures that say that the number is another one, near it, or only a bound.
_INEXACT_BEFORE = """
minus|negative|negativ|moins|menos|meno|минус|мінус|half|halb|in excess of|beyond|as much as|better than|north of
maximum of|minimum of|max of|min of|gut|mind.|mind|an die|um die
gegen|kaum|bis|nicht mehr als|nicht weniger als|annähernd|schätzungsweise|quelque|maximum de|minimum de|pas plus de
pas moins de|au-dessus de|en dessous de|inférieur à|supérieur à|jusqu'a|en torno a|más que|máximo de|mínimo de
no más de|no menos de|por encima de|por debajo de|superior a|inferior a|massimo di|minimo di|non più di|non meno di
sopra|sotto|acima de|abaixo de|não mais de|mais que|boven|onder|niet meer dan|uppemot|som mest|inte mer än|blisko
maks|maks.|bez mála|nejvíce|nejvýš|najviac|najmenej|nagyjából|nem több mint|maxim|minim|максимум|минимум|как минимум
как максимум|не больше|не меньше|выше|ниже|от силы|як мінімум|як максимум|не більше|περί τα|κάτω από|άνω των
κάτω των|το πολύ|di atas|di bawah|ما يقرب من|لا يقل عن|لا يزيد عن|كحد أقصى|كحد أدنى|بحد أدنى|זהה ל|מתחת ל|מעל ל|over
more than|greater than|above|exceeds|exceeding|exceed|upwards of|upward of|at least|at most|no more than
no fewer than|not more than|no less than|as many as|as few as|less than|fewer than|under|below|up to|about|around
approx|approximately|roughly|circa|ca|c.|ca.|nearly|almost|close to|some|max|maximum|min|minimum|minimal|maximal
maksimal|estimated|est.|approx.|max.|min.|just over|just under|well over|mehr als|weniger als|über|unter|etwa|rund
ungefähr|mindestens|wenigstens|höchstens|bis zu|fast|knapp|zirka|mehr als nur|plus de|plus d'|moins de|environ
presque|près de|jusqu'à|au moins|au plus|autour de|à peu près|env.|max. de|más de|mas de|menos de|alrededor de
aproximadamente|casi|cerca de|hasta|al menos|por lo menos|como mínimo|como máximo|unos|unas|mínimo|máximo|mais de
até|pelo menos|no mínimo|no máximo|quase|aprox|aprox.|em torno de|por volta de|più di|piu di|oltre|meno di|quasi
almeno|fino a|al massimo|intorno a|all'incirca|massimo|minimo|meer dan|minder dan|ongeveer|bijna|minstens|ten minste
tenminste|hoogstens|ruim|tot|zo'n|rond de|maximaal|minimaal|över|mer än|mindre än|färre än|fler än|cirka|ungefär
minst|högst|upp till|nästan|drygt|runt|mere end|mindre end|flere end|færre end|omkring|mindst|højst|op til|næsten
mer enn|mindre enn|flere enn|færre enn|omtrent|opptil|nesten|høyst|rundt|yli|noin|vähintään|enintään|alle|jopa|lähes
vajaa|n.|enemmän kuin|yfir|um það bil|ponad|więcej niż|mniej niż|około|ok.|co najmniej|przynajmniej|prawie|do|niemal
powyżej|poniżej|nie więcej niż|nie mniej niż|více než|méně než|přes|asi|kolem|až|alespoň|nejméně|nejvýše|téměř|cca
cca.|zhruba|nad|pod|viac ako|menej ako|vyše|približne|aspoň|takmer|okolo|több mint|kevesebb mint|kb|kb.|körülbelül
legalább|legfeljebb|majdnem|mintegy|akár|több, mint|peste|mai mult de|mai puțin de|aproximativ|cel puțin|cel mult
până la|aproape|aproape de|sub|над|повече от|по-малко от|около|до|почти|поне|най-малко|най-много|приблизително
više od|manje od|oko|preko|najmanje|najviše|gotovo|skoro|otprilike|već od|več kot|manj kot|približno|vsaj|največ
skoraj|više nego|више од|мање од|око|преко|најмање|более|более чем|больше|больше чем|свыше|менее|менее чем|меньше
меньше чем|примерно|не менее|не более|порядка|приблизительно|под|ок.|понад|більше|більше ніж|більш ніж|менше
менше ніж|близько|майже|щонайменше|приблизно|не менше|πάνω από|περισσότερα από|περισσότερες από|περισσότεροι από
λιγότερα από|λιγότερες από|λιγότεροι από|περίπου|έως|μέχρι|τουλάχιστον|σχεδόν|yaklaşık|en az|en fazla|en çok|azami
asgari|tahminen|neredeyse|yaklaşık olarak|rohkem kui|vähem kui|umbes|vähemalt|kuni|ligi|üle|ligikaudu|vairāk nekā
vairāk par|mazāk nekā|mazāk par|apmēram|aptuveni|vismaz|līdz|gandrīz|virs|daugiau nei|daugiau kaip|mažiau nei
mažiau kaip|apie|maždaug|bent|iki|beveik|virš|lebih dari|kurang dari|sekitar|kira-kira|hampir|hingga|sampai
paling sedikit|setidaknya|paling banyak|lebih daripada|kurang daripada|lebih kurang|hơn|trên|dưới|khoảng|ít nhất|gần
tối đa|tối thiểu|nhiều hơn|ít hơn|higit sa|mahigit|halos|zaidi ya|takriban|أكثر من|اكثر من|أقل من|اقل من|حوالي
تقريبا|تقريبًا|على الأقل|حتى|نحو|ما يقارب|ما لا يقل عن|ما يزيد عن|فوق|أكثر|بحد أقصى|מעל|יותר מ|יותר מ-|פחות מ
פחות מ-|לפחות|לכל היותר|עד|בערך|כ-|קרוב ל-|למעלה מ-|בסביבות|بیش از|بیشتر از|کمتر از|حدود|تقریبا|تقریباً|حداقل|حداکثر
دست کم|تا|نزدیک به|سے زیادہ|लगभग|करीब|कम से कम|अधिकतम|न्यूनतम|तकरीबन
"""
_INEXACT_BEFORE_UNSPACED = tuple(
    "大概 大于 大於 小于 小於 多达 多達 高于 低于 将近 將近 约 約 大约 大約 超过 超過 超 多于 多於 少于 少於 "
    "不到 不足 近 至少 最少 最多 高达 高達 逾 およそ おおよそ "
    "ほぼ 最大 最低 最高 少なくとも 최대 최소 약 대략 적어도 거의 "
    "มากกว่า น้อยกว่า ประมาณ อย่างน้อย เกือบ ไม่เกิน ไม่ต่ำกว่า กว่า ราว สูงสุด ជាង ប្រហែល ຫຼາຍກວ່າ ປະມານ "
    "~ ∼ ～ ≈ ≃ ≅ < > ≤ ≥ ≦ ≧ ⩽ ⩾ ± ≲ ≳ › 〜".split()
)
_TURKISH_THAN = late(r"[ '’]{0,2}[^\s\d]*[dt][ae]n (?:fazla|az|çok)")
_ARTICLES = frozenset("a an the der die das den les los las le la de os as ein eine".split())

# What follows figures and says the same.
_INEXACT_AFTER = """
and a half|and a quarter|und ein halb|y medio|y media|et demi|et demie|e mezzo|e mezza|e meio|e meia|en een half
en een halve|och en halv|og en halv|с половиной|і половиною|i pół|a půl|a pol|és fél|și jumătate|και μισό|και μισή
buçuk|& up|& above|& more|& over|& mehr|& plus|& höher|and higher|and upwards|or higher|or upwards|und höher
oder höher|e oltre|y más|i wyżej|i wyższe|и выше|і вище|ja enemmän|et au-dessus|ve üstü|of hoger|en hoger
or thereabouts|approximately|circa|ungefähr|etwa|environ|तक|or more|or so|or fewer|or less|or above|or over|or under
or greater|and more|and over|and up|and above|and counting|plus|or up|odd|ish|at least|at most|max|min|approx
maximum|minimum|oder mehr|oder weniger|und mehr|ou plus|ou moins|et plus|o más|o mas|o menos|y más|o più|o piu
o meno|e più|ou mais|ou menos|e mais|of meer|of minder|en meer|eller fler|eller mer|eller flere|eller mindre
eller färre|och fler|og flere|tai enemmän|lub więcej|i więcej|a více|nebo více|alebo viac|a viac|vagy több
sau mai mult|sau mai multe|или больше|или более|или менее|или меньше|и более|и больше|або більше|і більше|или повече
ili više|ali več|ή περισσότερα|ή περισσότερες|ή περισσότεροι|veya daha fazla|veya fazla|ve üzeri|üzeri|den fazla
dan fazla|ten fazla|tan fazla|den az|dan az|ten az|tan az|e kadar|a kadar|ye kadar|ya kadar|atau lebih|trở lên
hoặc hơn|أو أكثر|فأكثر|او اكثر|או יותר|یا بیشتر|या अधिक|या ज़्यादा|से अधिक|से ज़्यादा|से ज्यादा|से कम|سے زیادہ
või rohkem|vai vairāk|ar daugiau
"""
_INEXACT_AFTER_UNSPACED = late(
    r" ?[+＋⁺]| ?[件个個人名点點枚本冊册条條台种種개건명권장]? ?"
    r"(?:以上|以下|以内|未満|未满|程度|前後|前后|左右|上下|余|餘|多(?!少)|来个|來個|弱|強|超|ほど|くらい|ぐらい"
    r"|이상|이하|미만|초과|정도|쯤|넘게|여(?= ?[개건명권장])|หรือมากกว่า|ขึ้นไป|กว่า)"
)

# The hundredth parts of currencies.
_MINOR_UNITS = """
c p ct cts cent cents centen pence penny pfennig pf rappen groschen kop kopeck kopecks kopek kopeks baisa baizas коп
копейка копейки копеек копійок копійки стотинка стотинки стот тиын тийин gr grosz grosze groszy öre øre ören aurar
haléř haléře haléřů hal halier haliere fillér bani ban stotinki centime centimes céntimo céntimos centimo centimos
eurocent eurocents eurocenten euroсent centai centus centi centu eyrir qindarka toea sene seniti laari chetrum pul
tiyin diram мөнгө мунгу пара дени σεντ σεντς hào xu سنت سنتا سنتيم سنتيما مليم مليما حلالة پیسے پیسہ পয়সা காசு
பைசா centavo centavos cêntimo cêntimos centesimo centesimi cèntim cèntims sent senti sentti senttiä snt santīmi centų
lipa lipe para stotin stotini λεπτά λεπτό kuruş krş qəpik sen paisa paise पैसे पैसा xu satang สตางค์ agora agorot
אגורות אג fils halala halalas فلس هللة قرش piastre piastres kobo pesewa pesewas ngwee tetri თეთრი luma լումա
"""
_MINOR_SIGNS = tuple("¢ ￠ 分 角 錢 仙 전".split())

# What makes figures a name and no number of anything.
_NAMED = late(
    r"(?:[#№]|(?<![^\W_])(?:no|nr|núm|num|number|n[°º]|sku|art|item|ref|réf|isbn|ean|gtin|id|model|modell|modèle|modelo"
    r"|page|seite"
    r"|página|pagina|sida|strona|strana|стр|страница"
    r"|vol|volume|chapter|kapitel|level|артикул|арт)(?![^\W_]))[.:#]? ?\Z",
    re.IGNORECASE,
)

MULTIPLES = frozenset(_MULTIPLES.casefold().split())
MINOR_UNITS = frozenset(_MINOR_UNITS.casefold().split())


def _phrases(table: str) -> frozenset[str]:
    return frozenset(table.strip().casefold().replace("\n", "|").split("|"))


_LOWEST = ("ab", "vanaf", "à partir de", "a partir de", "a partire da", "starting at", "starting from")
_BEFORE, _AFTER = _phrases(_INEXACT_BEFORE), _phrases(_INEXACT_AFTER)
_LONGEST = 40
_WORDS_BEFORE = late(r"[^\s(),;:!?\"|/\[\]]+")
_NEXT_WORD = late(r"[ '’-]{0,2}([^\s\d.,;:!?()|/+*%=<>\[\]\-–—'’$€£¥₩₽₹₺₫₴₪₱₦฿₮₸]+)")
_NEXT_WORDS = late(r"[ '’(-]{0,2}([^\s\d,;:!?()|/]+(?: [^\s\d,;:!?()|/.]+){0,4})")
_BEHIND_NOUN = late(r"[ー-ヿ㐀-鿿가-힣 ]{0,6}(?:及|或|和)?(?:以上|以下|以内|未満|未满|이상|이하|미만|초과)")
_LAST_WORDS = frozenset("minimum maximum min max plus at least".split())


def word_after(text: str, end: int) -> str:
    """Return the word that follows figures at once or after a space, in lower case and without a last full stop.

    >>> word_after("5 Mio. €", 1), word_after("5k", 1), word_after("5 (k)", 1)
    ('mio', 'k', '')
    """
    found = _NEXT_WORD.match(text, end)
    return found[1].casefold() if found else ""


def is_multiplied(text: str, end: int) -> bool:
    """Tell whether a word multiplies the figures that end at `end`: "5k", "5 Mio.", "5 lakh", "5万".

    >>> is_multiplied("5 tys. zł", 1), is_multiplied("5万円", 1), is_multiplied("5 books", 1)
    (True, True, False)
    """
    word = word_after(text, end)
    if len(word) == 1 and text.startswith("/.", text.find(word.upper(), end) + 1):
        return False  # balboas, as in "1 B/."
    if len(word) == 4 and word[0] in "ktm" and word[1:].upper() in ISO_4217:
        return True  # "5 TEUR", "5 MSEK"
    return word in MULTIPLES or _MULTIPLES_UNSPACED.match(word) is not None


def is_inexact(text: str, start: int, end: int) -> bool:
    """Tell whether the figures from `start` to `end` are said to be a bound or an estimate.

    >>> is_inexact("more than 10", 10, 12), is_inexact("10 or more", 0, 2), is_inexact("10 left", 0, 2)
    (True, True, False)
    """
    return (start > 0 and _is_inexact_before(text, start)) or (end < len(text) and _is_inexact_after(text, end))


def has_minor_unit(text: str, end: int) -> bool:
    """Tell whether figures count a hundredth part of a currency: "99¢", "99 Cent".

    >>> has_minor_unit("99¢", 2), has_minor_unit("50 коп.", 2), has_minor_unit("99 cats", 2)
    (True, True, False)
    """
    word = word_after(text, end)
    if len(word) == 1 and word not in text[end : end + 2]:
        return word in _MINOR_SIGNS  # "P" is the pula, "p" a penny
    return word in MINOR_UNITS or word.startswith(_MINOR_SIGNS)


def _is_inexact_before(text: str, start: int) -> bool:
    before = text[max(start - _LONGEST, 0) : start].casefold().replace("’", "'").rstrip(" :([")
    if before.endswith(_INEXACT_BEFORE_UNSPACED):
        return True
    words = _WORDS_BEFORE.findall(before)[-5:]
    if _ends_in_phrase(words):
        return True
    return bool(words) and words[-1] in _ARTICLES and _ends_in_phrase(words[:-1])


def is_named(text: str, start: int) -> bool:
    """Tell whether figures are the name of something: "No. 12", "#12", "SKU 12", "page 12".

    >>> is_named("No. 12", 4), is_named("Price 12", 6)
    (True, False)
    """
    return _NAMED.search(text, max(start - _LONGEST, 0), start) is not None


def begins_inexact(text: str) -> bool:
    """Tell whether a text begins with words for a bound or an estimate: "about May 3", "circa 12".

    >>> begins_inexact("about May 3, 2026"), begins_inexact("May 3, 2026")
    (True, False)
    """
    words = [word.strip(".") for word in _WORDS_BEFORE.findall(text[:_LONGEST].casefold())[:4]]
    return any(" ".join(words[:count]) in _BEFORE for count in range(1, len(words) + 1))


def _ends_in_phrase(words: list[str]) -> bool:
    return any(" ".join(words[-count:]) in _BEFORE for count in range(1, min(len(words), 4) + 1))


def _is_inexact_after(text: str, end: int) -> bool:
    following = text[end : end + _LONGEST].casefold()
    if _INEXACT_AFTER_UNSPACED.match(following) or _TURKISH_THAN.match(following):
        return True
    found = _NEXT_WORDS.match(following)
    words = found[1].split(" ") if found else []
    if any(" ".join(words[:count]).rstrip(".") in _AFTER for count in range(1, len(words) + 1)):
        return True
    return _is_inexact_behind_noun(words) or _BEHIND_NOUN.match(following) is not None


def _is_inexact_behind_noun(words: list[str]) -> bool:
    """Tell whether a phrase follows what is counted: "10 items or more", "4 stars & up"."""
    if len(words) == 2 and words[1].rstrip(".") in _LAST_WORDS:
        return True
    tails = (words[start : start + count] for start in (1, 2) for count in (2, 3))
    return any(" ".join(tail).rstrip(".") in _AFTER for tail in tails if len(tail) > 1)


def is_lowest(text: str, start: int) -> bool:
    """Tell whether figures are said to be the first of more: a price "ab 5 €" is one, a count "ab 5 Stück" is none.

    >>> is_lowest("ab 5 Stück", 3), is_lowest("von 5", 4)
    (True, False)
    """
    before = text[max(start - _LONGEST, 0) : start].casefold().rstrip(" :")
    return before.endswith(_LOWEST) and not before.removesuffix("ab")[-1:].isalpha()
