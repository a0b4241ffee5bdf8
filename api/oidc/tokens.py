"""Read a token: verify its signature and claims, and return its holder and role.

RFC 7519 (JWT), RFC 8725 (best current practices), OpenID Connect Core 1.0. PyJWT verifies the signature.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jwt

from api.errors import ApiError, Code
from api.oidc.issuer_keys import IssuerKey, IssuerKeys
from api.oidc.settings import OidcSettings
from ingest.ledger.access.api_keys import Role

ALGORITHMS = (
    "RS256", "RS384", "RS512",
    "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512",
    "EdDSA",
)  # fmt: skip
"""The accepted signature algorithms, whatever a token names: only asymmetric ones."""

TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})
"""The accepted values of the header's `typ`: other tokens (RFC 8725, 3.11), such as logout tokens, are refused."""

TOKEN_LIMIT = 16 * 1024
"""Most characters of a token. One of Entra ID with 200 groups has 10,000."""

LEEWAY_S = 30.0
"""Seconds by which the issuer's clock may differ from ours."""

REQUIRED = ("iss", "aud", "exp", "sub")

STRENGTH = (Role.RESEARCHER, Role.VIEWER, Role.OPERATOR, Role.ADMIN)
"""Roles, each with all rights of the one before it."""

_LONGEST_NAME = 128
_LONGEST_SUBJECT = 255
_SPACED = frozenset({"scope", "scp"})
"""Claims with several names separated by spaces (RFC 8693, 4.2)."""


class NoRoleError(ApiError):
    """The token is valid, but grants no role. `name` is its holder."""

    def __init__(self, name: str) -> None:
        super().__init__(
            Code.FORBIDDEN, "the token grants no role of this service: ask the administrator of your accounts for one"
        )
        self.name = name


@dataclass(frozen=True, slots=True)
class Bearer:
    """The holder of a token, as shown in the audit trail, and the highest role that it grants."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class TokenReader:
    """Reads tokens of one issuer."""

    settings: OidcSettings
    keys: IssuerKeys

    async def read(self, token: str) -> Bearer:
        """The holder of a token.

        Raises ApiError: UNAUTHENTICATED for an invalid token, SERVICE_UNAVAILABLE if it can't be checked now;
        NoRoleError if it is valid but grants no role.
        """
        if len(token) > TOKEN_LIMIT or not token.isascii():
            raise _refused(f"the token has more than {TOKEN_LIMIT} characters, or characters that a token can't have")
        try:
            key = await self._key_of(token)
            claims = jwt.decode(
                token,
                key.key,
                algorithms=ALGORITHMS,
                audience=self.settings.audience,
                issuer=self.settings.issuer,
                leeway=LEEWAY_S,
                options={"require": list(REQUIRED), "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError as error:
            raise _refused(_told(error)) from None
        return self._bearer(claims)

    async def _key_of(self, token: str) -> IssuerKey:
        """The key that the token names. The issuer is asked only about tokens that claim to be from it."""
        header = jwt.get_unverified_header(token)
        algorithm, type_ = header.get("alg"), header.get("typ", "JWT")
        if algorithm not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError
        if not isinstance(type_, str) or type_.lower() not in TYPES:
            raise _refused("the token is not an access token")
        claimed = jwt.decode(token, options={"verify_signature": False})
        if claimed.get("iss") != self.settings.issuer:
            raise jwt.InvalidIssuerError
        key = await self.keys.find(header.get("kid"), algorithm)
        if key is None:
            if not self.keys.answers:
                raise ApiError(Code.SERVICE_UNAVAILABLE, "the issuer's keys can't be fetched now: try again")
            raise _refused("the token is signed with a key that the issuer does not publish")
        return key

    def _bearer(self, claims: dict[str, Any]) -> Bearer:
        name = _name(claims, self.settings.name_claim)
        granted = self.settings.granted
        found = {
            granted[given] for claim in self.settings.role_claims for given in _names(claims, claim) & set(granted)
        }
        if not found:
            raise NoRoleError(name)
        return Bearer(name, max(found, key=STRENGTH.index))


def looks_like_token(credential: str) -> bool:
    """Whether it has the form of a signed token (RFC 7515, 7.1). API keys have no dots."""
    return credential.count(".") == 2


def _name(claims: dict[str, Any], name_claim: str) -> str:
    """NAME (oidc:SUB): the name is for people and may be reassigned, `sub` is unique."""
    subject = claims["sub"]
    if not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise _refused("the token's subject is empty or too long")
    said = next(iter(_names(claims, name_claim)), "")
    # The name must not look like the part after it.
    shown = "".join(sign if sign.isprintable() and sign not in "()" else " " for sign in said)
    return f"{' '.join(shown.split())[:_LONGEST_NAME]} (oidc:{subject})".strip()


def _names(claims: dict[str, Any], claim: str) -> set[str]:
    """The texts of a claim: one, or a list."""
    for value in _inside(claims, claim.split(".")):
        if isinstance(value, str):
            return set(value.split()) if claim in _SPACED else {value}
        if isinstance(value, list):
            return {one for one in value if isinstance(one, str)}
    return set()


def _inside(value: Any, path: list[str]) -> Iterator[Any]:
    """The value at a path. Names may contain dots: the longest is tried first."""
    if not path:
        yield value
    elif isinstance(value, dict):
        for length in range(len(path), 0, -1):
            name = ".".join(path[:length])
            if name in value:
                yield from _inside(value[name], path[length:])


def _refused(message: str) -> ApiError:
    return ApiError(Code.UNAUTHENTICATED, message)


def _told(error: jwt.PyJWTError) -> str:
    """The error, without any value of the token."""
    for kind, message in _WORDS.items():
        if isinstance(error, kind):
            return message
    return "the token is malformed, or its signature is wrong"


_WORDS: dict[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "the token has expired",
    jwt.ImmatureSignatureError: "the token is not valid yet",
    jwt.InvalidAudienceError: "the token is for another audience",
    jwt.InvalidIssuerError: "the token is from another issuer",
    jwt.InvalidAlgorithmError: "the token is signed with an algorithm that is not accepted",
    jwt.MissingRequiredClaimError: f"the token lacks one of the claims {', '.join(REQUIRED)}",
}
