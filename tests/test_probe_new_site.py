"""`scrapy genspider` adds a site that runs at once, and refuses what it cannot add."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support import ROOT, code_lines

from scraper.core import project
from scraper.errors import SwatheError
from scraper.probe import new_site

if TYPE_CHECKING:
    from pathlib import Path

    from practice import PracticeServer
    from pymongo.database import Database
    from support import Result, Swathe

    Mongo = Database[dict[str, Any]]

UNQUOTED = "(required=True, key=True, clean=cleaners.unquoted)"
COPIED = ("scraper", "spiders", "models", "pipelines", "main.py", "scrapy.cfg", "config.ini", "pyproject.toml")
SEVERAL = """
import contextlib, io, json, sys
from scrapy.cmdline import execute

ends = []
for command in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), contextlib.suppress(SystemExit):
        code = None
        try:
            execute(["scrapy", "genspider", *command])
        except SystemExit as end:
            code = end.code
    ends.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(ends))
"""


class Checkout:
    """A copy of the checkout, in which sites may be added."""

    def __init__(self, folder: Path, swathe: Swathe) -> None:
        self.folder, self._swathe = folder, swathe
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder)
        self.before = self.files()

    def files(self) -> dict[str, str]:
        """Return what the folders hold that sites are added to."""
        found = [*(self.folder / "spiders").rglob("*.py"), *(self.folder / "models").rglob("*.py")]
        return {str(file.relative_to(self.folder)): file.read_text() for file in found}

    def added(self) -> list[str]:
        """Return the files that were not there, or were otherwise."""
        return sorted(name for name, text in self.files().items() if self.before.get(name) != text)

    def run(self, *command: str, code: int | None = 0) -> Result:
        """Run Python in the copy, with the copy's packages."""
        return self._swathe.run([sys.executable, *command], code=code, cwd=self.folder, PYTHONPATH=str(self.folder))

    def genspider(self, *arguments: str, code: int = 0) -> Result:
        """Run the command as a user does."""
        return self.run("-m", "scrapy", "genspider", *arguments, code=code)

    def several(self, *commands: list[str]) -> list[list[Any]]:
        """Run the command several times in one process; return each one's exit code, output and errors."""
        ends: list[list[Any]] = json.loads(self.run("-c", SEVERAL, json.dumps(commands)).out)
        return ends

    def crawl(self, spider: str, code: int = 0) -> Result:
        """Crawl with a spider of the copy."""
        return self.run("main.py", "crawl", spider, code=code)

    def fill_in(self, module: str, **changes: str) -> None:
        """Put in what a person would: in the model and in the spider, replace what the templates have."""
        done = set()
        for folder, places in PLACES.items():
            file = self.folder / folder / f"{module}.py"
            text = file.read_text()
            for old, what in places.items():
                if what in changes and old in text:
                    text = text.replace(old, changes[what])
                    done.add(what)
            file.write_text(text)
        assert done == set(changes)


PLACES = {
    "models": {"(required=True, key=True, clean=cleaners.one_line)": "title_field", "cleaners.paragraphs": "cleaner"},
    "spiders": {
        '"article"': "items",
        '"h2 a"': "link",
        'json="items"': "json",
        '"h2::text"': "title",
        'data.get("title")': "title",
        '"p::text"': "description",
        '"meta[name=description]::attr(content)"': "description",
        'data.get("description")': "description",
    },
}


@pytest.fixture
def checkout(tmp_path: Path, swathe: Swathe) -> Checkout:
    return Checkout(tmp_path, swathe)


def stored(database: Mongo, collection: str) -> list[tuple[str, str]]:
    return sorted((row["title"], row["description"]) for row in database[collection].find())


def authors_and_texts(site: PracticeServer) -> list[tuple[str, str]]:
    return sorted((quote["text"], quote["author"]) for quote in site.site.quotes)


def test_list_pages_that_lead_to_pages_are_the_default(
    checkout: Checkout, site: PracticeServer, database: Mongo
) -> None:
    result = checkout.genspider("book-shop", f"{site.url}books/")
    assert checkout.added() == ["models/book_shop.py", "spiders/book_shop.py"]
    assert [line for line in result.out.splitlines() if line.startswith("wrote")] == [
        "wrote models/book_shop.py: what a record is",
        "wrote spiders/book_shop.py: where a record is",
    ]
    following = [line.split()[1:] for line in result.out.splitlines() if line.startswith("  swathe ")]
    assert following == [["crawl", "book-shop", "--max-pages", "2"], ["query", "book_shop"]]
    checkout.run("main.py", *following[0], code=3)

    checkout.fill_in(
        "book_shop",
        items='".product_pod"',
        link='"h3 a"',
        description='"#product_description + p::text"',
        cleaner="cleaners.one_line",
    )
    result = checkout.crawl("book-shop", code=3)
    nameless = sum("title" in book.refused for book in site.site.all_books)
    whole = [book.record() for book in site.site.all_books if "title" not in book.refused]
    assert f"; {nameless} record" in result.err
    assert stored(database, "book_shop") == sorted((book["title"], book["description"]) for book in whole)


def test_records_on_list_pages(checkout: Checkout, site: PracticeServer, database: Mongo) -> None:
    checkout.genspider("sayings", f"{site.url}lists/stated-next/", "-t", "list")
    checkout.fill_in(
        "sayings",
        title_field=UNQUOTED,
        items='".quote"',
        title='".text::text"',
        description='".author::text"',
    )
    assert "sayings: complete" in checkout.crawl("sayings").err
    assert stored(database, "sayings") == authors_and_texts(site)


def test_a_json_api(checkout: Checkout, site: PracticeServer, database: Mongo) -> None:
    checkout.genspider("sayings.api", f"{site.url}lists/api/pages", "--template=api")
    checkout.fill_in(
        "sayings_api",
        title_field=UNQUOTED,
        json='json="data.items", total="total"',
        title='data["text"]',
        description='data["author"]["name"]',
    )
    assert "sayings.api: complete" in checkout.crawl("sayings.api").err
    assert stored(database, "sayings_api") == authors_and_texts(site)


def test_what_is_written_is_short_and_passes_the_project_s_checks(checkout: Checkout) -> None:
    long = "https://jobs.example/" + "offers/" * 30
    names = {"jobs": "list", "j" + "o" * 47: "pages", "Job-offers.example": "api", "x_2-y": "pages"}
    ends = checkout.several(*([name, long, "-t", template] for name, template in names.items()))
    assert [end[0] for end in ends] == [0, 0, 0, 0], ends
    assert len(checkout.added()) == 2 * len(names)
    for name in checkout.added():
        text = checkout.files()[name]
        assert code_lines(text) <= (20 if name.startswith("spiders") else 15), text
        assert ("# yours" in text) or name.startswith("models")
    assert "class JobOffersExampleSpider(SiteSpider):" in checkout.files()["spiders/job_offers_example.py"]
    assert "class JobOffersExample(Record):" in checkout.files()["models/job_offers_example.py"]
    assert f'start_url = "{long}"' in checkout.files()["spiders/jobs.py"]
    checkout.run("-m", "ruff", "check", "--no-cache", ".")
    checkout.run("-m", "ruff", "format", "--no-cache", "--check", ".")
    # Without the types of other distributions, which take 4 s to read; what it then says of other files is not meant.
    ours = ["scraper/paging", "scraper/select.py", "scraper/spider/site_spider.py", "models/record.py"]
    types = checkout.run("-m", "mypy", "--follow-imports=skip", *checkout.added(), *ours, code=None)
    assert "checked " in types.out
    assert not [line for line in types.out.splitlines() if line.startswith(tuple(checkout.added()))]


def test_a_site_is_overwritten_only_by_force(checkout: Checkout) -> None:
    checkout.genspider("talks", "conference.example")
    written = {name: checkout.files()[name] for name in checkout.added()}
    assert 'start_url = "https://conference.example/"' in written["spiders/talks.py"]
    (checkout.folder / "spiders/talks.py").write_text(written["spiders/talks.py"].replace("article", ".talk"))
    refused, forced = checkout.several(["talks", "a.example"], ["--force", "talks", "https://conference.example/"])
    hint = "choose another name, or overwrite it with --force"
    assert refused == [2, "", f"swathe: models/talks.py exists already: {hint}\n"]
    assert forced[0] == 0
    assert {name: checkout.files()[name] for name in checkout.added()} == written


REFUSED = [
    (["quotes-login", "a.example"], "spiders/quotes_login.py exists already"),
    (["Books", "a.example"], "models/books.py exists already"),
    (["authors", "a.example"], "like those of models.quotes.Author"),
    (["quote", "a.example"], "like those of models.quotes.Quote"),
    (["problem", "a.example"], "like those of models.system.Problem"),
    (["quote", "a.example", "--force"], "like those of models.quotes.Quote"),
    (["record", "a.example", "--force"], "the name is 'record', but the spider imports something of that name"),
    (["system", "a.example", "--force"], "models.system is no model of a site"),
    (["cleaners", "a.example", "--force"], "models.cleaners is no model of a site"),
    (["class", "a.example"], "the name is 'class', expected one that is no word of Python's"),
    (["none", "a.example"], "the name is 'none', expected one that is no word of Python's"),
    (["site", "a.example"], "the name is 'site', but the spider imports something of that name"),
    (["9gag", "a.example"], "the name is '9gag', expected up to 48 letters"),
    (["a/../b", "a.example"], "the name is 'a/../b', expected up to 48 letters"),
    (["__init__", "a.example"], "the name is '__init__', expected up to 48 letters"),
    (["x" * 49, "a.example"], "expected up to 48 letters"),
    (["", "a.example"], "the name is '', expected up to 48 letters"),
    (["talks", "ftp://a.example/"], "the URL is 'ftp://a.example/', expected an address such as https://"),
    (["talks", "file:///etc/passwd"], "the URL is 'file:///etc/passwd', expected"),
    (["talks", "javascript:alert(1)"], "the URL is 'javascript:alert(1)', expected"),
    (["talks", "https://"], "the URL is 'https://', expected"),
    (["talks", "https://a.example:x/"], "the URL is 'https://a.example:x/', expected"),
    (["https://a.example", "talks"], "the URL is 'talks', expected"),
    (["talks", "a.example", "-t", "lists"], "did you mean 'list'? Expected one of: api, list, pages"),
    (["talks", "a.example", "-t", "../templates/model"], "expected one of: api, list, pages"),
    (["--dump", "basic"], "there is no template 'basic': expected one of: api, list, pages"),
    (["talks"], "expected a name and a URL. Example: scrapy genspider talks https://"),
    (["talks", "a.example", "--frce"], "there is no option '--frce'"),
]  # fmt: skip


def test_what_cannot_be_added_is_refused_in_one_line_and_nothing_is_written(checkout: Checkout) -> None:
    (checkout.folder / "spiders/elsewhere.py").write_text(
        (ROOT / "spiders/quotes_table.py").read_text().replace('"quotes-table"', '"talks-2"')
    )
    before = checkout.files()
    refused = [*REFUSED, (["talks-2", "a.example", "--force"], "spider 'talks-2' exists already, in spiders.elsewhere")]
    ends = checkout.several(*(command for command, _ in refused))
    for (command, expected), (code, out, err) in zip(refused, ends, strict=True):
        assert code == 2, (command, out, err)
        assert err.startswith("swathe: "), command
        assert expected in err, command
        assert err.count("\n") == 1, command
        assert not out, command
    assert checkout.files() == before


def test_a_model_is_taken_back_when_its_spider_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "_entered", project.Project(tmp_path, "shop.settings"))
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "spiders").write_text("a file")
    wrong = f"cannot write {tmp_path}/shop/spiders/talks.py: the folder .* does not exist"
    with pytest.raises(SwatheError, match=wrong):
        new_site.NewSite.checked("talks", "a.example", "pages").write()
    assert [path.name for path in (tmp_path / "shop").iterdir()] == ["spiders"]


def test_the_templates_and_help_are_the_project_s_own(checkout: Checkout) -> None:
    listed, dumped, helped = checkout.several(["--list"], ["--dump", "api"], ["--help"])
    assert [line.split()[0] for line in listed[1].splitlines()] == ["list", "pages", "api"]
    assert dumped[1] == (ROOT / "scraper/probe/templates/api.tmpl").read_text()
    last = helped[1].strip().splitlines()[-1]
    assert last.startswith("Example: scrapy genspider talks https://conference.example/programme/")
    assert [end[0] for end in (listed, dumped, helped)] == [0, 0, 0]
