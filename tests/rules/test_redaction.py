"""Which names are secret, and which texts are masked."""

import pytest

from frontdesk.rules.redaction import SecretNames, mask_secrets, masked_url


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("Authorization", True),
        ("X-Api-Key", True),
        ("x-vendor-token", True),
        ("clientSecret", True),
        ("PASSWORD", True),
        ("x-hub-signature-256", True),
        ("X-Practice", True),
        ("accept", False),
        ("sub", False),
    ],
)
def test_secret_names(name, secret):
    assert (name in SecretNames(["x-practice"])) is secret


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("/pets/7", "/pets/7"),
        ("/a/eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln/b", "/a/***/b"),
        ("/a-eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln?b", "/***?b"),
        ("a.eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0. b", "a.*** b"),
        ("key AKIAIOSFODNN7EXAMPLE.", "key ***."),
        ("-----BEGIN KEY-----\nabc\n-----END KEY----- x", "*** x"),
        (
            "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
        ),
        ("/cards/4111111111111111", "/cards/***"),
        ("/orders/4111111111111112", "/orders/4111111111111112"),
        ("/at/1700000000000", "/at/1700000000000"),
        ("eyJ alone", "eyJ alone"),
    ],
)
def test_masked_values(text, masked):
    assert mask_secrets(text) == masked


@pytest.mark.parametrize("beginning", ["eyJ", "eyJ ", "AKIA-", "-----BEGIN CERTIFICATE-", "4111 "])
def test_what_only_begins_like_a_secret_takes_no_more_time_than_its_length(beginning):
    text = beginning * (1 << 20)  # for hours, if each beginning were followed to the end
    assert mask_secrets(text) == text


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://a.example/v1/pets?limit=3", "https://a.example/v1/pets?limit=3"),
        ("https://u:pw@a.example/x#frag", "https://a.example/x"),
        ("https://a.example/x?api_key=s3cret&q=1", "https://a.example/x?api_key=***&q=1"),
        (
            "https://a.example/?X-Amz-Signature=ab&SIG=c",
            "https://a.example/?X-Amz-Signature=***&SIG=***",
        ),
        ("https://a.example/?next=AKIAIOSFODNN7EXAMPLE", "https://a.example/?next=***"),
        ("https://hooks.example/T0/B0/a1b2c3d4e5f6g7h8i9j0", "https://hooks.example/T0/B0/***"),
        (
            "https://a.example/a-long-word-without-any-digits",
            "https://a.example/a-long-word-without-any-digits",
        ),
        ("https://a.example/12345678901234567890", "https://a.example/12345678901234567890"),
        ("https://[::1", "***"),
    ],
)
def test_masked_urls(url, masked):
    assert masked_url(url) == masked
