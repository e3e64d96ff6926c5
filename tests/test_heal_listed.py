"""`swathe heal` on spiders whose records stand on their own pages, and some of their values in the list alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from healed_offers import LinkedSpider
from test_heal import NOW, SHOP, START, config, keep  # noqa: F401 - the fixture

from models.system import Run
from scraper.heal.healing import heal

if TYPE_CHECKING:
    from pymongo.database import Database

    from scraper.core.config import Config
    from scraper.heal.outcome import Healing

    Mongo = Database[dict[str, Any]]

CARD = (
    '<article><h2><a href="/t/{n}">{name}</a></h2><b class="price">£{price}</b> <i class="stock">{stock}</i></article>'
)
OWN = "<html><body><h1>{name}</h1><p>{tags}</p></body></html>"


def healed(database: Mongo, config: Config, card: str, own: str = OWN) -> Healing:  # noqa: F811
    """Heal the spider of a shop whose list and own pages look so today."""
    rows = list(enumerate(SHOP.rows))
    stored = [{**one, "old_price": None, "pieces": None, "currency": None, "url": f"{START}t/{n}"}
              for n, one in enumerate(SHOP.stored())]  # fmt: skip
    database.healed_offers.insert_many(stored)
    run = Run(spider=LinkedSpider.name, state="finished", verdict="unknown", started_at=NOW, heartbeat_at=NOW).save()
    cards = "".join(card.format(n=n, name=name, price=price, stock=stock, swapped=SHOP.prices[n - 1])
                    for n, (name, price, _, stock, _) in rows)  # fmt: skip
    keep(database, run.id, f"<html><body><main>{cards}</main></body></html>")
    for n, (name, _, _, _, tags) in rows:
        linked = "".join(f'<a class="tag">{tag}</a>' for tag in tags)
        keep(database, run.id, own.format(name=name, tags=linked), url=f"{START}t/{n}")
    return heal(LinkedSpider.name, LinkedSpider, database, config)


def test_what_the_list_shows_is_mended_in_the_list(database: Mongo, config: Config) -> None:  # noqa: F811
    healing = healed(database, config, CARD)
    assert healing.refused == []
    assert {one.what for one in healing.mended} == {"items", "link", "Offer.price", "Offer.stock"}
    assert "Offer.stock: 6 of 6 stored values" in healing.evidence
    assert "Offer.price: 6 of 6 stored values" in healing.evidence
    patch = healing.patch.splitlines()
    assert '+        return {"left": first(item, "i.stock::text"), "price": first(item, "b.price::text")}' in patch
    assert not any("read_page" in line or "found(" in line for line in patch if line[0] in "+-")


def test_what_the_own_page_shows_is_mended_there(database: Mongo, config: Config) -> None:  # noqa: F811
    healing = healed(database, config, CARD, OWN.replace("h1>", "h2>"))
    assert healing.refused == []
    assert "Offer.name" in {one.what for one in healing.mended}
    assert any(
        line.startswith('+        yield Offer.found(page, name=first(page, "h2::text")')
        for line in healing.patch.splitlines()
    )


REFUSED = {
    "a value that stands nowhere": (CARD.replace("{stock}", "there"), "Offer.stock: "),
    "values of other records": (CARD.replace("£{price}", "£{swapped}"), "Offer.price: "),
    "a second price": (CARD.replace("</article>", "<b class=price-now>£{swapped}</b></article>"), "Offer.price: "),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_be_wrong_in_the_list_refuses_the_repair(database: Mongo, config: Config, name: str) -> None:  # noqa: F811
    card, said = REFUSED[name]
    healing = healed(database, config, card)
    assert healing.text == "" or healing.refused
    assert any(why.startswith(said) for why in healing.refused), healing.refused
