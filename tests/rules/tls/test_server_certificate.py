"""Server certificates: the key, the time, the names and the chain are judged from the files' bytes."""

import pytest
from cryptography.hazmat.primitives import serialization

from frontdesk.rules.tls.reading import read_server_certificate
from frontdesk.rules.tls.server_certificate import (
    CertificateError,
    covers,
    expires_soon,
    faults,
)
from tests.live.certificates import Authority

DAY = 86400.0
AUTHORITY = Authority()
ISSUED = AUTHORITY.issue("A.example", "*.b.example", "192.0.2.7", days=90, with_chain=True)
READ = read_server_certificate(ISSUED.pem, ISSUED.key_pem)


def encrypted(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )


def test_a_certificate_tells_its_names_and_its_time():
    assert READ.names == ("a.example", "*.b.example", "192.0.2.7")
    assert READ.not_after - READ.not_before == 90 * DAY
    assert READ.broken == ""


@pytest.mark.parametrize(
    ("chain", "key", "file", "message"),
    [
        (b"", ISSUED.key_pem, "cert", "no PEM certificate"),
        (ISSUED.key_pem, ISSUED.key_pem, "cert", "no PEM certificate"),
        (ISSUED.der, ISSUED.key_pem, "cert", "no PEM certificate"),
        (ISSUED.pem, b"", "key", "no PEM private key"),
        (ISSUED.pem, ISSUED.pem, "key", "no PEM private key"),
        (ISSUED.pem, encrypted(ISSUED.key), "key", "encrypted"),
        (ISSUED.pem, AUTHORITY.issue("x").key_pem, "key", "does not belong"),
    ],
    ids=["empty", "a key", "DER", "no key", "a certificate", "encrypted", "another key"],
)
def test_files_that_no_server_can_show_are_refused(chain, key, file, message):
    with pytest.raises(CertificateError, match=message) as caught:
        read_server_certificate(chain, key)
    assert caught.value.file == file


def test_a_chain_in_the_wrong_order_is_told():
    other = Authority("Another").certificate.public_bytes(serialization.Encoding.PEM)
    alone = AUTHORITY.issue("a.example")
    read = read_server_certificate(alone.pem + other, alone.key_pem)
    assert faults(read, read.not_before) == (
        "broken chain: certificate 1 is not issued by number 2",
    )


@pytest.mark.parametrize(
    ("days", "fault", "soon"),
    [
        (-1, "not valid before", ""),
        (1, "", ""),
        (75, "", ""),
        (77, "", "in 13 days"),
        (89, "", "in 1 day"),
        (90, "expired on", ""),
    ],
)
def test_the_time_of_a_certificate_is_judged_to_the_second(days, fault, soon):
    now = READ.not_before + days * DAY
    assert [fault in text for text in faults(READ, now)] == ([True] if fault else [])
    assert expires_soon(READ, now).endswith(soon)
    assert bool(expires_soon(READ, now)) == bool(soon)


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("a.example", True),
        ("x.b.example", True),
        ("b.example", False),
        ("x.y.b.example", False),
        ("x.a.example", False),
        ("192.0.2.7", True),
        ("example", False),
    ],
)
def test_a_star_covers_one_label(host, covered):
    assert covers(READ.names, host) is covered
