"""What a page's forms are for: a login, the next page, a search by fields that depend on each other or by date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scraper.page_data.parameters import PAGE
from scraper.paging.words import says_more, says_next
from scraper.probe.hints import Call, Hint, Study, untried
from scraper.probe.selectors import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import Tag

CSRF = re.compile(r"csrf|xsrf|token|nonce|__viewstate|__eventvalidation|authenticity", re.IGNORECASE)
NO_CHOICE = re.compile(r"sort|order|per_?page|limit|size|lang|locale|currency|country|view", re.IGNORECASE)
SINCE = re.compile(r"^(?:from|since|start|after|begin|date_?from|von|min_?date)(?:_?date)?$", re.IGNORECASE)
UNTIL = re.compile(r"^(?:to|until|end|before|till|date_?to|bis|max_?date)(?:_?date)?$", re.IGNORECASE)
SEARCH = re.compile(r"search|suche|recherche|buscar|busca|cerca|szukaj|zoek|filter", re.IGNORECASE)
SEARCHED = frozenset({"q", "s", "query", "term", "keyword", "keywords"})
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
LOGGED_IN = "a[href*=logout]"
MOST_FORMS, MOST_FIELDS = 20, 60


@dataclass(frozen=True)
class Form:
    """A form of the page."""

    selector: str
    method: str
    action: str
    fields: tuple[str, ...]
    hidden: tuple[str, ...]
    secrets: tuple[str, ...]
    """Hidden fields that must come from the page itself, such as a CSRF token."""
    choices: tuple[str, ...]
    """Fields with options that a crawl would have to choose one by one."""
    dependent: bool
    """Whether a field's options wait for the choice in another."""
    purpose: str
    """`login`, `next page`, `postback`, `choices`, `dates`, `search` or `other`."""


def forms_of(study: Study) -> list[tuple[Form, Tag]]:
    """Return the page's forms with their elements."""
    return [(_described(study, tag), tag) for tag in study.page.soup.find_all("form", limit=MOST_FORMS)]


def _described(study: Study, tag: Tag) -> Form:
    fields, hidden, choices = list[str](), list[str](), list[str]()
    few = False
    for part in tag.find_all(["input", "select", "textarea"], attrs={"name": True}, limit=MOST_FIELDS):
        name, kind = str(part["name"]), str(part.get("type") or "").lower()
        if kind == "hidden":
            hidden.append(name)
            continue
        if kind not in ("submit", "button", "image", "reset"):
            fields.append(name)
        if part.name == "select" and not NO_CHOICE.search(name):
            few = few or len(part.find_all("option", limit=3)) < 2
            choices.append(name)
    form = Form(
        _selector(study, tag), str(tag.get("method") or "get").lower(), str(tag.get("action") or ""), tuple(fields),
        tuple(hidden), tuple(name for name in hidden if CSRF.search(name)), tuple(choices),
        dependent=few and len(choices) > 1, purpose="",
    )  # fmt: skip
    return Form(**{**vars(form), "purpose": _purpose(form, tag)})


def _selector(study: Study, tag: Tag) -> str:
    name = f"form[name={tag.get('name')}]"
    return name if study.selectors.count(name) == 1 else study.selectors.of(tag)


def _purpose(form: Form, tag: Tag) -> str:
    if tag.find("input", type="password"):
        return "login"
    if "__EVENTTARGET" in form.hidden:
        return "postback"
    if form.choices:
        return "choices"
    if _dates(form)[0]:
        return "dates"
    # A button of another type runs a script, and a form that asks for a text asks a question.
    buttons = [part for part in tag.find_all(["button", "input"], limit=10) if _submits(part)]
    labels = [words_of(part, 40) or str(part.get("value") or part.get("alt") or "") for part in buttons]
    asks = any(not PAGE.match(name) and not NO_CHOICE.search(name) for name in form.fields)
    if not asks and any(says_next(label) or says_more(label) for label in labels):
        return "next page"
    return "search" if form.fields and (form.method == "get" or _is_named_search(form, tag)) else "other"


def _is_named_search(form: Form, tag: Tag) -> bool:
    """Say whether a form that sends something is called a search: others ask a question, order or subscribe."""
    texts = (form.action, form.selector, str(tag.get("role") or ""), *form.fields)
    return any(map(SEARCH.search, texts)) or not SEARCHED.isdisjoint(form.fields)


def _submits(tag: Tag) -> bool:
    kind = str(tag.get("type") or ("submit" if tag.name == "button" else "text")).lower()
    return kind in ("submit", "image")


def form_hints(study: Study) -> Iterator[Hint]:
    """Yield what the page's forms say of how its list goes on, or of how to get in."""
    for form, tag in forms_of(study):
        if form.purpose == "next page":
            hint = study.hint(
                Call.of("NextForm", form.selector, total=study.stated.total), "a form leads to the next page"
            )
            if hint:
                yield hint
        elif form.purpose == "choices" and (form.dependent or not study.blocks):
            why = "a form whose fields depend on each other" if form.dependent else "a search form with options"
            yield untried(Call.of("FormChoices", form.selector, form.choices), why)
        elif form.purpose == "dates":
            yield _dates_hint(study, form, tag)
        elif form.purpose == "login":
            yield _login_hint(study, form, tag)


def _dates(form: Form) -> tuple[str, str]:
    since = next((name for name in form.fields if SINCE.match(name)), "")
    until = next((name for name in form.fields if UNTIL.match(name)), "")
    return (since, until) if since and until and form.method == "get" else ("", "")


def _dates_hint(study: Study, form: Form, tag: Tag) -> Hint:
    since, until = _dates(form)
    value = str(getattr(tag.find("input", attrs={"name": since}), "attrs", {}).get("value") or "")
    first = value if DAY.fullmatch(value) else "2020-01-01"
    shown = max((block.count for block in study.blocks), default=100)
    call = Call.of(
        "DateWindows", f"?{since}={{since}}&{until}={{until}}", first, at_most=shown, total=study.stated.total
    )
    return untried(call, "a search by date; set the first day, and how many records it shows at most")


def _login_hint(study: Study, form: Form, tag: Tag) -> Hint:
    password = tag.find("input", type="password")
    password_name = str(password.get("name") or "") if password is not None else ""
    user = next((name for name in form.fields if name != password_name), "")
    named = {"logged_in": LOGGED_IN}
    if form.method != "post" or len(study.page.soup.find_all("form", method=re.compile("post", re.IGNORECASE))) > 1:
        named["form"] = form.selector
    named |= {
        name: given for name, given in (("username", user), ("password", password_name)) if given and given != name
    }
    token = f"; {', '.join(form.secrets)} is sent along" if form.secrets else ""
    why = f"a login form{token}. Check that logged_in matches on the pages behind it"
    return Hint(f"login = {Call.of('Login', urlsplit(study.page.url).path, **named)}", why)
