"""`flask --app wsgi site opinions`: the same as at the desk, for those on the server."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade

from service import create_app
from service.extensions import db
from tests.commands import make, printed, run
from tests.conftest import settings_for
from tests.http_host import saying, serving


@pytest.fixture
def app(redis_url: str, tmp_path: Path) -> Iterator[Flask]:
    """Return an application that may call this machine."""
    here = (ipaddress.ip_network("127.0.0.0/8"),)
    url = f"sqlite:///{tmp_path / 'own.sqlite'}"
    app = create_app(settings_for(url, redis_url, tmp_path / "instance", outgoing_allow=here))
    with app.app_context():
        upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


def test_a_hook_is_set_tried_moved_and_switched_off(app: Flask) -> None:
    site = make(app)
    assert printed(app, "site", "opinions", "show", "news") == "Nobody is asked.\n"
    with serving(saying(b'{"verdict": "note"}')) as asked, serving(saying(b"", 500)) as broken:
        made = printed(app, "site", "opinions", "hook", "news", asked.url)
        assert re.fullmatch(rf"hook: {asked.url}/, since [0-9: -]+ UTC\nsecret: whsec_\S+\n", made)
        tried = printed(app, "site", "opinions", "try", "news")
        assert re.fullmatch(
            r'status 200 after \d\.\d\d s\n\{"verdict": "note"\}\nThe site\'s hook has no objection\.\n', tried
        )
        assert "secret" not in printed(app, "site", "opinions", "hook", "news", broken.url)
        failed = run(app, "site", "opinions", "try", "news")
    assert failed.exit_code == 1
    assert "status 500; 200 is expected." in failed.stderr
    renewed = printed(app, "site", "opinions", "hook", "news", broken.url, "--new-secret")
    assert "secret: whsec_" in renewed
    assert renewed.split()[-1] != made.split()[-1]
    assert "secret" not in printed(app, "site", "opinions", "show", "news")
    assert printed(app, "site", "opinions", "off", "news", "hook") == "hook is asked no more.\n"
    entries = site.client.get("/v1/moderation/log?kind=site", headers=site.bearer).get_json()["entries"]
    assert entries[0]["details"] == {"asks_hook": [f"{broken.url}/", None]}
    assert entries[0]["actor_name"] == "the command line"


def test_the_key_of_akismet_comes_from_standard_input_and_is_never_printed(app: Flask) -> None:
    make(app)
    arguments = ["site", "opinions", "akismet", "news"]
    done = app.test_cli_runner().invoke(args=arguments, input="0123456789ab\n")
    assert done.exit_code == 0
    assert done.stdout.startswith("akismet: https://rest.akismet.com/1.1/, since ")
    assert "0123456789ab" not in done.output
    assert "akismet: https://rest.akismet.com/1.1/" in printed(app, "site", "opinions", "show", "news")
