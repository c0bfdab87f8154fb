"""Owns the names in a certificate: its subject alternative names, and distinguished names as text.

Sources: RFC 5280 §4.2.1.6; RFC 4514 (escapes).
"""

from cryptography import x509

from frontdesk.rules.tls.client_certificate import AlternativeNames


def alternative_names(certificate: x509.Certificate) -> AlternativeNames:
    """Read the alternative names. One that cannot be read has none."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return AlternativeNames()
    addresses = (str(address) for address in found.get_values_for_type(x509.IPAddress))
    return AlternativeNames(
        hosts=(*found.get_values_for_type(x509.DNSName), *addresses),
        uris=tuple(found.get_values_for_type(x509.UniformResourceIdentifier)),
        emails=tuple(found.get_values_for_type(x509.RFC822Name)),
    )


def distinguished_name(name: x509.Name) -> str:
    """Write a name as `C=US,O=Clinic,CN=desk`: in the order of the certificate, as AWS shows it."""
    return ",".join(part.rfc4514_string() for part in name.rdns)
