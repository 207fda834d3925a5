"""`flask --app wsgi site readers`: the same as at the desk; and a new SECRET_KEY takes everything along."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask_migrate import upgrade
from jwt.algorithms import OKPAlgorithm

from tests.commands import NEW_KEY, OLD_KEY, make, printed, run, running
from tests.reader_tokens import as_known, claims_for, token_by


def test_secrets_and_keys_are_made_shown_and_ended_and_outlive_a_new_secret_key(redis_url: str, tmp_path: Path) -> None:
    url, key = f"sqlite:///{tmp_path / 'own.sqlite'}", Ed25519PrivateKey.generate()
    key_set = json.dumps({"keys": [json.loads(OKPAlgorithm.to_jwk(key.public_key())) | {"kid": "2026"}]})
    with running(url, redis_url, tmp_path) as app:
        with app.app_context():
            upgrade()
        site = make(app)
        assert printed(app, "site", "readers", "show", "news") == "The site signs nobody in.\n"
        secret = printed(app, "site", "readers", "secret", "news").strip()
        assert re.fullmatch(r"pbk_[\w-]{43}", secret)
        given = app.test_cli_runner().invoke(args=["site", "readers", "keys", "news"], input=key_set)
        assert "key_set  2026" in given.stdout
        told = printed(app, "site", "set", "news", "--reader-trust", "trusted")
        assert "known readers trusted" in told
        first = site.submitted(**as_known(token_by(secret, site, email="ada@example.org")))
        author = site.opened(first["id"])["author"]["id"]
        bare = site.submitted(**as_known(token_by(secret, site, sub="reader-18")))
    with running(url, redis_url, tmp_path, NEW_KEY, OLD_KEY) as app:
        assert run(app, "email", "reseal").exit_code == 0
    with running(url, redis_url, tmp_path, NEW_KEY) as app:
        site.app, site.client = app, app.test_client()
        again = site.submitted(**as_known(jwt.encode(claims_for(site), key, "EdDSA", headers={"kid": "2026"})))
        assert site.opened(again["id"])["author"]["id"] == author
        assert site.opened(again["id"])["email"] == "ada@example.org"
        once_more = site.submitted(**as_known(token_by(secret, site, sub="reader-18")))
        assert site.opened(once_more["id"])["author"]["id"] == site.opened(bare["id"])["author"]["id"]
        shown = printed(app, "site", "readers", "show", "news").splitlines()
        assert [line.split("  ")[1] for line in shown] == ["secret", "key_set"]
        assert "Ended" in printed(app, "site", "readers", "end", "news", shown[0].split()[0])
        assert "ended" in printed(app, "site", "readers", "end", "news")
        assert run(app, "site", "readers", "end", "news").exit_code == 1
        assert printed(app, "site", "readers", "show", "news") == "The site signs nobody in.\n"
