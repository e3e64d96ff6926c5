"""Pages that only a submitted form leads to: "next" forms, ASP.NET postbacks, and searches with dependent fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from form2request import form2request
from lxml.html import FormElement
from w3lib.encoding import resolve_encoding

from models.addresses import UTF8, BaseUrl
from scraper.fetch.http.responses import base_of
from scraper.paging.ask import Ask, End
from scraper.paging.kind import Pagination
from scraper.paging.links import words_of
from scraper.paging.numbered import FORM
from scraper.paging.words import says_next
from scraper.select import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.http import Response

    from scraper.paging.kind import ListPage

POSTBACK = re.compile(r"__doPostBack\(\s*['\"]([^'\"]*)['\"]\s*,\s*['\"]([^'\"]*)['\"]")
TRIES = 3
"""How often a chain of forms is begun anew when the site forgets it."""


@dataclass(frozen=True)
class NextForm(Pagination):
    """The next page is asked for with a form: `NextForm("form.next")`. Its first button is pressed."""

    form: str = "form"

    def following(self, page: ListPage) -> Ask | End:
        """Submit the form."""
        form = find_form(page.response, self.form)
        return End("no next form") if form is None else submitted(page.response, form, {}, page.number + 1, click=None)


@dataclass(frozen=True)
class Postback(Pagination):
    """ASP.NET's numbered links, `javascript:__doPostBack('pager','2')`: `Postback(".pager a")`."""

    links: str = "a"

    def following(self, page: ListPage) -> Ask | End:
        """Submit the page's form with the target and argument of the next page's link."""
        for anchor in compiled(self.links)(page.response.selector.root):  # type: ignore[attr-defined]
            call = POSTBACK.search(anchor.get("href") or anchor.get("onclick") or "")
            words = words_of(anchor)
            if call and (words == str(page.number + 1) or says_next(words)):
                form = next((node for node in anchor.iterancestors() if isinstance(node, FormElement)), None)
                form = form if form is not None else find_form(page.response, "form")
                if form is None:
                    return End("no form to post back", gap="there is a link to the next page, but no form to post back")
                values = {"__EVENTTARGET": call[1], "__EVENTARGUMENT": call[2]}
                return submitted(page.response, form, values, page.number + 1, click=False)
        return End("no link to a further page")


@dataclass(frozen=True)
class FormChoices(Pagination):
    """Every option of a form is chosen, field by field: `FormChoices("form[name=filterform]", ("author", "tag"))`.

    The options of a field may depend on the choice before. Every combination is a list of its own. When the site
    forgets the choices made (an expired ViewState), they are made again from the start page.
    """

    form: str = "form"
    fields: tuple[str, ...] = ()

    def sublists(self, page: ListPage) -> Sequence[Ask] | End | None:
        """Choose every option of the next field, or the one that is to be chosen again."""
        path: list[str] = page.state.get("path", [])
        redo: list[str] = page.state.get("redo", [])
        form = find_form(page.response, self.form)
        if form is None or not self._remembers(form, path):
            return self._anew(page.state)
        if len(path) == len(self.fields):
            return None
        field = self.fields[len(path)]
        values = redo[len(path) : len(path) + 1] or options(form, field)
        if not values:
            return End("no options", doubt=f"the form's field '{field}' has no options to choose")
        return [self._choose(page, form, field, value) for value in values]

    def again(self, page_state: dict[str, Any]) -> Ask | None:
        """Begin at the start page again, on the way to the same combination."""
        anew = self._anew(page_state)
        return anew[0] if isinstance(anew, list) else None

    def _choose(self, page: ListPage, form: FormElement, field: str, value: str) -> Ask:
        state = page.state
        path, redo = [*state.get("path", []), value], state.get("redo", [])
        name = self._named(path)
        kept: dict[str, Any] = {"path": path, "start": state.get("start", page.url)}
        if len(path) <= len(redo):
            kept |= {"redo": redo, "tries": state["tries"]}
            name += f" (again for {self._named(redo)}, try {state['tries'] + 1})"
        ask = submitted(page.response, form, {field: value}, 1, click=None if len(path) == len(self.fields) else False)
        return Ask(ask.url, 1, name, ask.method, ask.body, ask.headers, kept)

    def _named(self, path: list[str]) -> str:
        return ", ".join(f"{field}={choice}" for field, choice in zip(self.fields, path, strict=False))

    def _remembers(self, form: FormElement, path: list[str]) -> bool:
        """Return whether the page shows the choices that led to it."""
        return all(
            name in form.fields and form.fields[name] == choice for name, choice in zip(self.fields, path, strict=False)
        )

    def _anew(self, state: dict[str, Any]) -> list[Ask] | End:
        """Begin at the start page again, on the way to the choice that was to be made."""
        path, tries = state.get("path", []), state.get("tries", 0) + 1
        if not path:
            return End("no form", gap=f"no form matches '{self.form}' on the page")
        aim = state.get("redo") or path
        if tries >= TRIES:
            what = f"the site forgot the choice {self._named(path)} {TRIES} times"
            return End("the form was forgotten", gap=what)
        name = f"the form (again for {self._named(aim)}, try {tries + 1})"
        return [Ask(state["start"], 1, name, state={"redo": aim, "tries": tries})]


def find_form(page: Response, selector: str) -> Any:
    """Return the first form that matches, or None."""
    found = compiled(selector)(page.selector.root)  # type: ignore[attr-defined]
    return next((form for form in found if isinstance(form, FormElement)), None)


def options(form: FormElement, field: str) -> list[str]:
    """Return the values of a select field, without those that stand for no choice, such as `----------`."""
    select = form.xpath(".//select[@name=$name]", name=field)
    values = [
        option.get("value", " ".join("".join(option.itertext()).split()))
        for option in (select[0].iter("option") if select else ())
        if option.get("disabled") is None
    ]
    return [value for value in dict.fromkeys(values) if any(letter.isalnum() for letter in value)]


def submitted(page: Response, form: FormElement, values: dict[str, str], number: int, click: bool | None) -> Ask:
    """Return the request that submitting a page's form makes; `click` None presses its first button, False none."""
    base = base_of(page)
    for element in (form, *form.xpath(".//*[@formaction]")):
        name = "action" if element is form else "formaction"
        # Without an address a form goes to its page, not to the page's base (HTML Standard, 4.10.21.3).
        action = (element.get(name) or "").strip()
        element.set(name, base.resolve(action) if action else page.url)
    request = form2request(form, values, click=click)
    encoding = encoding_of(form, base.encoding)
    url, body = request.url, request.body.decode()
    if request.method == "GET":
        parts = urlsplit(url)
        url = parts._replace(query=_in_encoding(parts.query, encoding)).geturl()
    elif dict(request.headers).get("Content-Type") == FORM:
        body = _in_encoding(body, encoding)
    return Ask(url, number, method=request.method, body=body, headers=dict(request.headers))


def encoding_of(form: FormElement, of_page: str) -> str:
    """Return the encoding that a form is sent in: the first known one of its `accept-charset`, else its page's."""
    named = re.split(r"[\s,]+", form.get("accept-charset") or "")
    known = [encoding for name in named if name and (encoding := resolve_encoding(name))]
    return BaseUrl("", known[0]).encoding if known else of_page


def _in_encoding(query: str, encoding: str) -> str:
    """Return what a form sends, which is written in UTF-8, in another encoding."""
    if encoding == UTF8:
        return query
    return urlencode(parse_qsl(query, keep_blank_values=True), encoding=encoding, errors="xmlcharrefreplace")
