"""Postbag: a moderated comment service for article pages."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

from service import cli, web
from service.actions.toolbox import EXTENSION, Toolbox
from service.adapters.altcha_proof import AltchaProof
from service.adapters.changes import Changes
from service.adapters.claims import Claims
from service.adapters.keyring import Keyring
from service.adapters.limiter import Limiter
from service.adapters.mail import Mailer
from service.adapters.once import Once
from service.adapters.redis_link import RedisLink
from service.adapters.rulebooks import RuleBooks
from service.adapters.site_memory import SiteMemory
from service.adapters.wakeups import Wakeups
from service.config import MAX_FORM_BYTES, MAX_REQUEST_BYTES, SHORT_SECRET, Settings
from service.extensions import REPLICA, db, migrate
from service.logs import configure_logs
from service.store import models
from service.store.session import engine_options, prepare_engine

log = logging.getLogger(__name__)
ROOT = Path(__file__).parent.parent


class Application(Flask):
    """Flask, which need not find out before every call whether one of our functions is asynchronous: none is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is."""
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application, set up from the environment unless settings are given.

    Raises ConfigurationFault, whose message is one line that names the setting and what would be right.
    """
    settings = settings or Settings.from_environment(os.environ, default_instance=ROOT / "instance")
    configure_logs()
    if len(settings.secret_key) < SHORT_SECRET:
        log.warning("SECRET_KEY has fewer than %d characters and might be guessed", SHORT_SECRET)
    if settings.smtp and not settings.public_url:
        log.warning("PUBLIC_URL is not set, so links in mail lead to %s", settings.mail_links)
    app = Application(
        __name__, instance_path=str(settings.instance_path), static_folder=None, template_folder="web/templates"
    )
    app.config.update(
        POSTBAG_SETTINGS=settings,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings),
        SQLALCHEMY_BINDS={REPLICA: {"url": settings.replica_url, **engine_options(settings)}}
        if settings.replica_url
        else {},
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
    )
    settings.instance_path.mkdir(parents=True, exist_ok=True)

    db.init_app(app)
    migrate.init_app(app, directory=str(ROOT / "service" / "migrations"))
    with app.app_context():
        for engine in db.engines.values():
            prepare_engine(engine)

    keyring = Keyring.from_secrets(settings.secret_key, settings.secret_key_fallbacks)
    redis = RedisLink()
    redis.bind(settings.redis_url, settings.instance_path)
    once = Once(redis)
    proof = AltchaProof(keyring, once)
    changes = Changes(redis)
    sites = SiteMemory()
    changes.listen(sites.hear)
    app.extensions[EXTENSION] = Toolbox(
        keyring,
        redis,
        Limiter(redis),
        Claims(redis),
        RuleBooks(),
        once,
        proof,
        Wakeups(redis),
        changes,
        sites,
        settings.outgoing_allow,
        Mailer(settings.smtp, settings.mail_from) if settings.smtp else None,
        settings.mail_links,
    )

    web.register(app, settings, changes)
    cli.register(app)
    return app


__all__ = ["create_app", "models"]
