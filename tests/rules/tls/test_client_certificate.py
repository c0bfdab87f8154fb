"""Client certificates: shown in AWS's words, and let in by subject, name or fingerprint."""

import pytest

from frontdesk.rules.tls.client_certificate import ClientList
from frontdesk.rules.tls.reading import read_client_certificate
from tests.live.certificates import Authority

AUTHORITY = Authority()
ISSUED = AUTHORITY.issue(
    "Desk.example",
    "spiffe://clinic/desk",
    "desk@clinic.example",
    common="desk, main",
    serial=0xA1B2,
)
CLIENT = read_client_certificate(ISSUED.der)


def test_a_certificate_is_shown_as_aws_shows_it():
    shown = CLIENT.shown
    assert list(shown) == ["clientCertPem", "issuerDN", "serialNumber", "subjectDN", "validity"]
    assert shown["clientCertPem"] == ISSUED.pem.decode()
    assert shown["issuerDN"] == "C=DE,O=Clinic,CN=Test CA"
    assert shown["serialNumber"] == "a1:b2"
    assert shown["subjectDN"] == r"C=DE,O=Clinic,CN=desk\, main"
    moment = ISSUED.certificate.not_valid_after_utc
    assert shown["validity"]["notAfter"] == moment.strftime("%b %e %H:%M:%S %Y GMT")


@pytest.mark.parametrize(
    ("listed", "passes"),
    [
        ({}, True),
        ({"subjects": (r"C=DE,O=Clinic,CN=desk\, main",)}, True),
        ({"subjects": ("CN=desk",)}, False),
        ({"hosts": ("other.example", "desk.example")}, True),
        ({"hosts": ("example",)}, False),
        ({"uris": ("spiffe://clinic/desk",)}, True),
        ({"uris": ("spiffe://clinic/",)}, False),
        ({"emails": ("desk@clinic.example",)}, True),
        ({"sha256": (CLIENT.sha256,)}, True),
        (
            {"sha256": (":".join(CLIENT.sha256[at : at + 2] for at in range(0, 64, 2)).upper(),)},
            True,
        ),
        ({"sha256": ("00" * 32,)}, False),
        ({"sha256": ("00" * 32,), "hosts": ("desk.example",)}, True),
    ],
)
def test_one_match_is_enough(listed, passes):
    assert (CLIENT in ClientList(**listed)) is passes
