"""TLS for all doors: one certificate, and mutual TLS if senders' authorities are set."""

import ssl

from ingest.gateway.settings import GatewaySettings
from vlmkg.errors import UsageError


def server_context(settings: GatewaySettings, door: str) -> ssl.SSLContext | None:
    """The context of a door; None if it does not use TLS. TLS 1.2 at least (DICOM PS3.15 B.9, RFC 9325).

    Raises UsageError if a file can't be used.
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
        raise UsageError(message, f"check that each is a readable PEM file ({error.strerror})") from None
    return context


def client_context(settings: GatewaySettings, door: str) -> ssl.SSLContext | None:
    """The context of connections that a door opens itself; None if it does not use TLS.

    The peer's certificate must come from VLMKG_TLS_CLIENT_CA or, if unset, from an authority that this machine trusts.
    Its name is not checked, because peers are configured by address. Raises UsageError if a file can't be used.
    """
    if not settings.speaks_tls(door):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.tls_client_ca)
        context.check_hostname = False
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(str(settings.tls_certificate), settings.tls_key)
    except OSError as error:
        message = "VLMKG_TLS_CERTIFICATE, VLMKG_TLS_KEY or VLMKG_TLS_CLIENT_CA can't be used"
        raise UsageError(message, f"check that each is a readable PEM file ({error.strerror})") from None
    return context
