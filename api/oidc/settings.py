"""The settings of OpenID Connect: the accepted issuer, and the roles of its users."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.ledger.access.api_keys import Role
from vlmkg.errors import UsageError
from vlmkg.plaintext_settings import is_loopback


class OidcSettings(BaseSettings):
    """VLMKG_OIDC_ISSUER and the others; docs/graphql.md shows them for Keycloak and Entra ID."""

    model_config = SettingsConfigDict(frozen=True)

    issuer: str = Field(default="", validation_alias="VLMKG_OIDC_ISSUER")
    """VLMKG_OIDC_ISSUER: the exact claim `iss`; its discovery document is below this address. Empty: no tokens."""

    audience: str = Field(default="", validation_alias="VLMKG_OIDC_AUDIENCE")
    """VLMKG_OIDC_AUDIENCE: the required claim `aud`: the issuer's name of this API."""

    jwks_url: str = Field(default="", validation_alias="VLMKG_OIDC_JWKS_URL")
    """VLMKG_OIDC_JWKS_URL: the address of the issuer's keys; empty: from its discovery document."""

    role_claim: str = Field(default="roles,realm_access.roles", validation_alias="VLMKG_OIDC_ROLE_CLAIM")
    """VLMKG_OIDC_ROLE_CLAIM: claims with a person's roles, with dots for nested claims; Entra ID uses the first by
    default, Keycloak the second."""

    roles: str = Field(default=",".join(f"vlmkg-{role}={role}" for role in Role), validation_alias="VLMKG_OIDC_ROLES")
    """VLMKG_OIDC_ROLES: the issuer's name of each role, `NAME=ROLE`, separated by commas; a role may have several."""

    name_claim: str = Field(default="preferred_username", validation_alias="VLMKG_OIDC_NAME_CLAIM")
    """VLMKG_OIDC_NAME_CLAIM: the claim shown in the audit trail with `sub`."""

    client_id: str = Field(default="", validation_alias="VLMKG_OIDC_CLIENT_ID")
    """VLMKG_OIDC_CLIENT_ID: the issuer's name of the page, a public client with PKCE; empty: the page takes keys only.
    Its redirect address is /signed-in of the API."""

    scope: str = Field(default="openid profile", validation_alias="VLMKG_OIDC_SCOPE")
    """VLMKG_OIDC_SCOPE: the scopes that the page asks for; Entra ID wants `api://AUDIENCE/SCOPE` among them."""

    @field_validator("issuer", "jwks_url")
    @classmethod
    def _safe(cls, value: str) -> str:
        if value and not is_safe(value):
            raise ValueError("the address must begin with https://; http:// is allowed only for loopback")
        return value

    @field_validator("roles")
    @classmethod
    def _known_roles(cls, value: str) -> str:
        _granted(value)
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.issuer) != bool(self.audience):
            raise ValueError("only one of VLMKG_OIDC_ISSUER and VLMKG_OIDC_AUDIENCE is set: set both or none")
        return self

    @property
    def role_claims(self) -> tuple[str, ...]:
        """The claims with roles."""
        return tuple(claim.strip() for claim in self.role_claim.split(",") if claim.strip())

    @property
    def granted(self) -> dict[str, Role]:
        """The role of each of the issuer's names."""
        return _granted(self.roles)


def oidc_settings() -> OidcSettings | None:
    """The settings in the environment; None if no issuer is named. Raises UsageError if they are invalid."""
    try:
        settings = OidcSettings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "VLMKG_OIDC_*"
        raise UsageError(f"{name}: {first['msg'].removeprefix('Value error, ')}", "correct the environment") from None
    return settings if settings.issuer else None


def is_safe(url: str) -> bool:
    """Whether nobody in the network can replace the keys in the response."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def _granted(value: str) -> dict[str, Role]:
    found: dict[str, Role] = {}
    for pair in value.split(","):
        name, _, role = (word.strip() for word in pair.rpartition("="))
        if not name or role not in list(Role):
            raise ValueError(f"write NAME=ROLE, separated by commas; roles are {', '.join(Role)}")
        if found.setdefault(name, Role(role)) != role:
            raise ValueError("a name is mapped to two roles")
    return found
