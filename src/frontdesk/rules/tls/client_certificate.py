"""Owns who a client's certificate says it is, in AWS's words, and who of them may pass.

The handshake has verified the certificate before, and `reading` has read it. Source: AWS, "Configuring mutual TLS authentication
for an HTTP API"; "Working with AWS Lambda proxy integrations for HTTP APIs" (clientCert).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class AlternativeNames(NamedTuple):
    """Subject alternative names by kind. hosts: DNS names, then addresses, as texts."""

    hosts: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The identity of a client.

    shown: clientCertPem, issuerDN, serialNumber, subjectDN, validity {notBefore, notAfter}, all of them
    texts, as events and `$context.identity.clientCert` have them. sha256: of the certificate, in lower
    case hexadecimal digits.
    """

    shown: Mapping[str, Any]
    subject: str
    names: AlternativeNames
    sha256: str


class ClientList:
    """Clients that may pass: whoever has one of the subjects, names or fingerprints; without any, all."""

    __slots__ = ("_emails", "_everyone", "_hosts", "_prints", "_subjects", "_uris")

    def __init__(
        self,
        *,
        subjects: tuple[str, ...] = (),
        hosts: tuple[str, ...] = (),
        uris: tuple[str, ...] = (),
        emails: tuple[str, ...] = (),
        sha256: tuple[str, ...] = (),
    ) -> None:
        """subjects: as `distinguished_name` writes them. sha256: with or without colons, in any case."""
        self._subjects = frozenset(subjects)
        self._hosts = frozenset(host.lower() for host in hosts)
        self._uris = frozenset(uris)
        self._emails = frozenset(emails)
        self._prints = frozenset(text.replace(":", "").lower() for text in sha256)
        self._everyone = not (subjects or hosts or uris or emails or sha256)

    def __contains__(self, client: ClientCertificate) -> bool:
        """Whether a client may pass."""
        names = client.names
        return (
            self._everyone
            or client.subject in self._subjects
            or client.sha256 in self._prints
            or not self._hosts.isdisjoint(host.lower() for host in names.hosts)
            or not self._uris.isdisjoint(names.uris)
            or not self._emails.isdisjoint(names.emails)
        )
