"""A MongoDB of the user's own: password, TLS, replica set, and one clear line for each way it can fail."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from practice import PracticeServer
from pymongo import MongoClient
from support import configured, until

from scraper.errors import ConfigError, DatabaseError
from scraper.storage.connection import Connection
from scraper.storage.embedded.binary import find_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "p@ss/wörd"  # the characters that must be percent-encoded
ENCODED = "p%40ss%2Fw%C3%B6rd"


@contextmanager
def mongod(folder: Path, *options: str) -> Iterator[int]:
    """Run a mongod of the user's own on a free port of 127.0.0.1 and yield the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir()
    command = [find_mongod(), "--dbpath", folder, "--bind_ip", "127.0.0.1", "--port", str(port), "--nounixsocket"]
    command += ["--wiredTigerCacheSizeGB", "0.25", "--logpath", folder / "log", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def listens() -> bool:
        assert process.poll() is None, (folder / "log").read_text()[-1000:]
        with socket.socket() as attempt:
            return attempt.connect_ex(("127.0.0.1", port)) == 0

    try:
        until(listens, "mongod listens")
        yield port
    finally:
        process.terminate()
        process.wait()


def connection(uri: str, **environ: str) -> Connection:
    return Connection(configured(SWATHE_MONGODB_URI=uri, SWATHE_MONGODB_CONNECT_TIMEOUT_S="2", **environ).mongodb)


def line_of_failure(uri: str) -> str:
    with pytest.raises(DatabaseError) as fault, connection(uri):
        pass
    assert "\n" not in str(fault.value)
    return str(fault.value)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MongoDB that asks for a password."""
    with mongod(tmp_path_factory.mktemp("guarded") / "db", "--auth") as port:
        with MongoClient[dict[str, Any]]("127.0.0.1", port) as client:
            roles = [{"role": "readWrite", "db": "swathe"}]
            # The first user may be made without a password, from this machine only, and nothing after it.
            client.admin.command("createUser", "root", pwd=PASSWORD, roles=["root"])
            with MongoClient[dict[str, Any]](f"mongodb://root:{ENCODED}@127.0.0.1:{port}/") as root:
                root.admin.command("createUser", "ann", pwd=PASSWORD, roles=roles)
                root.admin.command("createUser", "bob", pwd=PASSWORD, roles=[])
        yield f"127.0.0.1:{port}"


def test_a_server_with_a_password_is_used_like_the_embedded_one(guarded: str) -> None:
    with connection(f"mongodb://ann:{ENCODED}@{guarded}/") as database:
        database.things.insert_one({"a": 1})
        assert database.name == "swathe"
        assert database.write_concern.document == {"w": "majority", "j": True}


def test_the_database_is_the_configured_one_also_when_the_address_names_another(guarded: str) -> None:
    with connection(f"mongodb://ann:{ENCODED}@{guarded}/other?authSource=admin") as database:
        assert database.name == "swathe"


@pytest.mark.parametrize("user", ["ann:wrong", "eve:wrong"])
def test_a_wrong_user_or_password_is_one_clear_line_without_the_password(guarded: str, user: str) -> None:
    line = line_of_failure(f"mongodb://{user}@{guarded}/")
    assert line.endswith("refused the user or the password: correct them in SWATHE_MONGODB_URI")
    assert "wrong" not in line
    assert ":***@" in line


def test_a_missing_password_or_right_is_one_clear_line(guarded: str) -> None:
    assert "grant it the role readWrite" in line_of_failure(f"mongodb://{guarded}/")
    assert "grant it the role readWrite" in line_of_failure(f"mongodb://bob:{ENCODED}@{guarded}/")


def test_a_server_that_is_down_is_one_clear_line() -> None:
    line = line_of_failure("mongodb://ann:s3cret@127.0.0.1:9/")
    assert "MongoDB at mongodb://ann:***@127.0.0.1:9/ does not answer" in line
    assert "leave [mongodb] uri empty for the embedded server" in line
    assert "s3cret" not in line


@pytest.mark.parametrize(
    "uri", ["localhost:27017", "http://localhost", "mongodb://ann:p@ss:x@h/", "mongodb://", "mongodb://h:x/"]
)
def test_an_address_that_is_none_is_one_clear_line(uri: str) -> None:
    with pytest.raises(ConfigError) as fault, connection(uri):
        pass
    assert "cannot be used" in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_crawl_with_a_server_that_is_down_stops_before_it_fetches_anything(swathe: Any, site: Any) -> None:
    before = len(site.requests)
    down = {"SWATHE_MONGODB_URI": "mongodb://ann:s3cret@127.0.0.1:9/", "SWATHE_MONGODB_CONNECT_TIMEOUT_S": "1"}
    failed = swathe("crawl", "quotes", "--start", f"{site.url}quotes/", code=1, **down)
    assert "does not answer" in failed.error_line
    assert "s3cret" not in failed.err
    assert len(site.requests) == before


def test_a_crawl_whose_database_goes_away_for_good_ends_and_says_so(swathe: Any, tmp_path: Path) -> None:
    with PracticeServer(latency_ms=200) as site:
        with mongod(tmp_path / "db") as port:
            own = {"SWATHE_MONGODB_URI": f"mongodb://127.0.0.1:{port}/", "SWATHE_MONGODB_CONNECT_TIMEOUT_S": "0.5"}
            crawl = swathe.start("crawl", "books", "--start", f"{site.url}books/", **own)
            with MongoClient[dict[str, Any]]("127.0.0.1", port) as client:
                until(lambda: client[swathe.database].books.count_documents({}), "records are being stored")
        _, err = crawl.communicate(timeout=90)
    assert crawl.returncode == 1, err
    assert "books: failed: " in err
    # Whoever writes next notices: the store of records, or the frontier.
    lost = ("the last batch is not stored: ", "the frontier cannot be kept: ")
    assert any(f"{what}MongoDB at mongodb://127.0.0.1" in err for what in lost), err


def test_a_replica_set_works_the_same(tmp_path: Path) -> None:
    with mongod(tmp_path / "db", "--replSet", "rs0") as port:
        with MongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True) as client:
            client.admin.command(
                "replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": f"127.0.0.1:{port}"}]}
            )
            until(lambda: client.admin.command("hello")["isWritablePrimary"], "the set has a primary")
        with connection(f"mongodb://127.0.0.1:{port}/?replicaSet=rs0") as database:
            database.things.insert_one({"a": 1})
            assert database.things.count_documents({}) == 1
        assert "does not answer" in line_of_failure(f"mongodb://127.0.0.1:{port}/?replicaSet=other")


def test_tls_works_and_a_certificate_that_does_not_verify_is_one_clear_line(tmp_path: Path) -> None:
    make_certificate(tmp_path)
    tls = ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(tmp_path / "server.pem")]
    with mongod(
        tmp_path / "db", *tls, "--tlsAllowConnectionsWithoutCertificates", "--tlsCAFile", str(tmp_path / "ca.pem")
    ) as port:
        with connection(f"mongodb://127.0.0.1:{port}/?tls=true&tlsCAFile={tmp_path / 'ca.pem'}") as database:
            database.things.insert_one({"a": 1})
        assert "has a TLS problem" in line_of_failure(f"mongodb://127.0.0.1:{port}/?tls=true")


def make_certificate(folder: Path) -> None:
    """Write a certificate for 127.0.0.1 that signs itself: ca.pem, and server.pem with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(pem)
    (folder / "server.pem").write_bytes(pem + secret)
