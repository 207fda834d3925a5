"""What admins' tools send and get about what a site signs its readers in with."""

from __future__ import annotations

from marshmallow import Schema, fields

from service.domain.known_readers import KeyKind
from service.web.schemas.fields import Moment, StrictSchema, Word


class SigningKeySchema(Schema):
    """A secret, or the key set."""

    id = fields.UUID(required=True)
    kind = Word(KeyKind, required=True, metadata={"description": "`secret` for HS256, `key_set` for EdDSA."})
    created_at = Moment(required=True)
    keys = fields.List(
        fields.String(), required=True, metadata={"description": "What the public keys of a set are called (`kid`)."}
    )
    secret = fields.String(metadata={"description": "Told once, when it is made."})


class SigningKeysSchema(Schema):
    """What the site signs with."""

    keys = fields.List(fields.Nested(SigningKeySchema), required=True)


class KeySetSchema(StrictSchema):
    """Public keys of the site, as JWKS (RFC 7517) has them."""

    keys = fields.List(
        fields.Dict(keys=fields.String()),
        required=True,
        error_messages={
            "required": "required: This field is needed.",
            "invalid": "wrong_type: This must be a list of keys, each an object.",
        },
        metadata={
            "description": "Ed25519 keys, `kty` “OKP” and `crv` “Ed25519”; up to 10.",
            "example": [
                {"kty": "OKP", "crv": "Ed25519", "kid": "2026", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
            ],
        },
    )
