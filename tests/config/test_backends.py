"""What the file says of the way to a backend, as the client takes it."""

from frontdesk.client.dial import TlsSettings
from frontdesk.client.egress import EgressSettings
from frontdesk.client.proxies import Identity, Proxy
from frontdesk.config.backends import credentials, egress_settings, tls_settings
from frontdesk.config.models.upstream import Egress, UpstreamAuth, UpstreamTls

BASIC = "Basic Y2xpbmljOnMzY3JldA=="


def test_the_identities_of_an_egress():
    egress = Egress.model_validate(
        {
            "addresses": "127.0.0.2",
            "proxies": [
                "http://10.0.0.7:3128",
                {"url": "http://p/", "basic": {"username": "clinic", "password": "s3cret"}},
            ],
            "on": [403, 429],
            "cooldown": "5s",
            "honour_retry_after": False,
        }
    )
    identities = (
        Identity(source="127.0.0.2"),
        Identity(proxy=Proxy("http://10.0.0.7:3128")),
        Identity(proxy=Proxy("http://p/", BASIC)),
    )
    settings = EgressSettings(identities, frozenset({403, 429}), 5.0, honour=False)
    assert egress_settings(egress) == settings
    assert egress_settings(egress, failover=True).failover
    assert "s3cret" not in repr(egress)


def test_the_fields_of_credentials():
    fields = {
        "bearer": ({"token": "t"}, (b"Authorization", b"Bearer t")),
        "basic": ({"username": "clinic", "password": "s3cret"}, (b"Authorization", BASIC.encode())),
        "api_key": ({"api_key": "k", "header": "X-K"}, (b"X-K", b"k")),
    }
    for kind, (given, field) in fields.items():
        assert credentials(UpstreamAuth.model_validate({kind: given})) == field


def test_the_files_of_tls():
    assert tls_settings(UpstreamTls()) == TlsSettings()
    tls = UpstreamTls.model_validate({"ca": "/a", "cert": "/c", "key": "/k"})
    assert tls_settings(tls) == TlsSettings("/a", "/c", "/k")
