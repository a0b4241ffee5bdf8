"""TLS for any door: one certificate of the gateway, and mutual TLS where senders' authorities are given."""

import ssl

from ingest.gateway.settings import GatewaySettings
from vlmkg.errors import UsageError


def server_context(settings: GatewaySettings, door: str) -> ssl.SSLContext | None:
    """The context of a door; None where it speaks no TLS. TLS 1.2 at least (DICOM PS3.15 B.9, RFC 9325).

    Raises UsageError where a file can't be used.
    """
    if not settings.speaks_tls(door):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(str(settings.tls_certificate), settings.tls_key)
        if settings.tls_client_ca is not None:
            context.load_verify_locations(settings.tls_client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:
        message = "VLMKG_TLS_CERTIFICATE, VLMKG_TLS_KEY or VLMKG_TLS_CLIENT_CA can't be used"
        raise UsageError(message, f"see that each is a readable PEM file ({error.strerror})") from None
    return context
