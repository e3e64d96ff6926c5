"""An address of MongoDB is shown without what is secret in it, however it is written."""

from __future__ import annotations

import pytest
from support import configured

from scraper.core.masking import Masking, secrets_of
from scraper.core.mongo_address import MongoAddress, mask_addresses
from scraper.storage.connection import Connection


def test_passwords_are_hidden_in_any_text() -> None:
    shown = "at mongodb+srv://a:***@c/ and mongodb://d:***@f"
    assert mask_addresses("at mongodb+srv://a:b@c/ and mongodb://d:e@f") == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("mongodb://ann:pa/ss@db/shop", "mongodb://ann:***@db/shop"),
        ("mongodb://ann:p@ss?x=1@db/?tls=true", "mongodb://ann:***@db/?tls=true"),
        ("ann:pass@db:27017", "ann:***@db:27017"),
        ("mongodb://db/?tlsCertificateKeyFilePassword=pass&tls=true", "mongodb://db/?tlsCertificateKeyFilePassword=***&tls=true"),
        ("mongodb://a@db/?authMechanismProperties=AWS_SESSION_TOKEN:pass", "mongodb://a@db/?authMechanismProperties=***"),
        ("mongodb://a,b:27018/shop?replicaSet=r", "mongodb://a,b:27018/shop?replicaSet=r"),
        ("mongodb://db.example/?tlsCertificateKeyFilePassword=p@ss", "mongodb://db.example/?tlsCertificateKeyFilePassword=***"),
        ("mongodb://db:27017,[::1]:9/s?a=1&tlsCertificateKeyFilePassword=pa/ss@p@ss", "mongodb://db:27017,[::1]:9/s?a=1&tlsCertificateKeyFilePassword=***"),
        ("mongodb://ann:27017/?x=p@ss", "mongodb://ann:27017/?x=***"),
    ],
)  # fmt: skip
def test_an_address_is_shown_without_its_secrets_however_it_is_written(
    address: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(SWATHE_MONGODB_URI=address)
    assert Connection(config.mongodb).address == shown
    logged = Masking(secrets_of(config))(f"at {address}")
    assert not [secret for secret in ("pa/ss", "p@ss", "pass") if secret in logged.replace("FilePassword", "")]


@pytest.mark.parametrize(
    ("address", "user", "password"),
    [
        ("mongodb://db/", "", ""),
        ("mongodb://ann@db/", "ann", ""),
        ("mongodb://ann:@db/", "ann", ""),
        ("mongodb://:secret@db/", "", "secret"),
        ("mongodb://ann:a:b@c@db/", "ann", "a:b@c"),
        ("mongodb://ann:123?@db/?tls=true", "ann", "123?"),
        ("mongodb://db.example/?appName=a@b", "", ""),
    ],
)
def test_the_account_is_what_stands_before_the_hosts(address: str, user: str, password: str) -> None:
    read = MongoAddress.read(address)
    assert (read.user, read.password) == (user, password)


def test_a_secret_is_known_as_it_is_written_and_as_mongodb_is_told_it() -> None:
    address = "mongodb://ann:p%40ss@db/?authMechanismProperties=AWS_SESSION_TOKEN:t%2Fk;tls=true"
    assert MongoAddress.read(address).secrets == {"p%40ss", "p@ss", "AWS_SESSION_TOKEN:t%2Fk", "AWS_SESSION_TOKEN:t/k"}
    unaccounted = "mongodb://db.example/?tlsCertificateKeyFilePassword=s3cr@t&appName=x"
    assert MongoAddress.read(unaccounted).secrets == {"s3cr@t"}
