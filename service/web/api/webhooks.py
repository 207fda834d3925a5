"""`/v1/webhooks`: where the events of a site are sent, and what came of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from service.actions import webhooks
from service.actions.webhooks import Attempt, Listed, Made, Sending
from service.domain.permissions import Caller, Permission
from service.web.auth import requires, the_caller
from service.web.documentation import answers, described
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.schemas.moderators import SiteQuery
from service.web.schemas.webhooks import (
    DeliveriesQuery,
    DeliveriesSchema,
    DeliverySchema,
    NewWebhookSchema,
    WebhookChangeSchema,
    WebhookSchema,
    WebhooksSchema,
    WebhookTrialSchema,
    WebhookWithSecretSchema,
)
from service.web.times import rfc3339, rfc3339_or_none, utc_now

blueprint = ApiBlueprint("webhooks", __name__, url_prefix="/v1/webhooks", description="Events, sent to your servers.")

READING = ("unauthenticated", "forbidden", "invalid", "rate_limited", "store_unavailable")
WRITING = ("malformed_json", "too_large", "unsupported_media_type", *READING)


@blueprint.get("")
@requires(Permission.MANAGE_WEBHOOKS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, WebhooksSchema)
@answers(*READING)
@described("readWebhooks", "List the webhooks")
def read_webhooks(query: dict[str, Any]) -> Response:
    """Without secrets, which are told once."""
    return json_response({"webhooks": [_view(listed) for listed in webhooks.read_webhooks(_caller(query))]})


@blueprint.post("")
@requires(Permission.MANAGE_WEBHOOKS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.arguments(NewWebhookSchema, location="json")
@blueprint.response(201, WebhookWithSecretSchema)
@answers(*WRITING)
@described("addWebhook", "Send events to an endpoint")
def add_webhook(query: dict[str, Any], sent: dict[str, Any]) -> Response:
    """A worker sends them as signed JSON (Standard Webhooks), each until a status from 200 to 299 takes it.

    The secret stands in this answer alone.
    """
    made = webhooks.add_webhook(
        _caller(query), sent["url"], sent["events"], description=sent["description"], now=utc_now()
    )
    return json_response(_made_view(made, Listed(made.webhook, 0, 0)), 201)


@blueprint.get("/<uuid:webhook_id>")
@requires(Permission.MANAGE_WEBHOOKS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, WebhookSchema)
@answers("not_found", *READING)
@described("readWebhook", "Read a webhook")
def read_webhook(query: dict[str, Any], webhook_id: UUID) -> Response:
    """With how much waits for it, and how much was given up."""
    return json_response(_view(webhooks.read_webhook(_caller(query), webhook_id)))


@blueprint.patch("/<uuid:webhook_id>")
@requires(Permission.MANAGE_WEBHOOKS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.arguments(WebhookChangeSchema, location="json")
@blueprint.response(200, WebhookSchema)
@answers("not_found", *WRITING)
@described("changeWebhook", "Change a webhook, or switch it on or off")
def change_webhook(query: dict[str, Any], sent: dict[str, Any], webhook_id: UUID) -> Response:
    """One that was switched off since it only failed goes on with what waits for it once it is switched on."""
    caller = _caller(query)
    webhooks.change_webhook(caller, webhook_id, sent, now=utc_now())
    return json_response(_view(webhooks.read_webhook(caller, webhook_id)))


@blueprint.delete("/<uuid:webhook_id>")
@requires(Permission.MANAGE_WEBHOOKS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(204)
@answers("not_found", *READING)
@described("removeWebhook", "Remove a webhook")
def remove_webhook(query: dict[str, Any], webhook_id: UUID) -> Response:
    """What waits for it is not sent; its log and its secrets are forgotten."""
    webhooks.remove_webhook(_caller(query), webhook_id, now=utc_now())
    return Response(status=204)


@blueprint.post("/<uuid:webhook_id>/rotate")
@requires(Permission.MANAGE_WEBHOOKS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, WebhookWithSecretSchema)
@answers("not_found", *READING)
@described("rotateWebhookSecret", "Make a new secret")
def rotate_secret(query: dict[str, Any], webhook_id: UUID) -> Response:
    """For 24 hours requests carry two signatures, of the new and of the earlier secret; either can be checked."""
    caller = _caller(query)
    made = webhooks.rotate_secret(caller, webhook_id, now=utc_now())
    return json_response(_made_view(made, webhooks.read_webhook(caller, webhook_id)))


@blueprint.post("/<uuid:webhook_id>/test")
@requires(Permission.MANAGE_WEBHOOKS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, WebhookTrialSchema)
@answers("not_found", *READING)
@described("tryWebhook", "Send one harmless event")
def try_webhook(query: dict[str, Any], webhook_id: UUID) -> Response:
    """It is about no reader's words, marked with `"test": true`, and tells what came back; nothing is kept."""
    return json_response(_trial_view(webhooks.try_webhook(_caller(query), webhook_id, now=utc_now())))


@blueprint.get("/<uuid:webhook_id>/deliveries")
@requires(Permission.MANAGE_WEBHOOKS)
@blueprint.arguments(DeliveriesQuery, location="query")
@blueprint.response(200, DeliveriesSchema)
@answers("not_found", *READING)
@described("readDeliveries", "List what was sent, and what came back")
def read_deliveries(query: dict[str, Any], webhook_id: UUID) -> Response:
    """Of thirty days, the latest event first; `status=given_up` lists what no attempt could deliver."""
    page = webhooks.read_deliveries(
        _caller(query), webhook_id, status=query["status"], cursor=query["cursor"], limit=query["limit"]
    )
    return json_response(
        {"deliveries": [_delivery_view(sending) for sending in page.deliveries], "next": page.next_cursor}
    )


@blueprint.post("/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/retry")
@requires(Permission.MANAGE_WEBHOOKS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(202, DeliverySchema)
@answers("not_found", *READING)
@described("retryDelivery", "Send an event once more")
def retry_delivery(query: dict[str, Any], webhook_id: UUID, delivery_id: UUID) -> Response:
    """At once, under the same id, and with all its attempts; also one that was delivered."""
    sending = webhooks.resend(_caller(query), webhook_id, delivery_id, now=utc_now())
    return json_response(_delivery_view(sending), 202)


def _caller(query: dict[str, Any]) -> Caller:
    caller = the_caller()
    if query["site"] is not None:
        caller.check_site(query["site"])
    return caller


def _view(listed: Listed) -> dict[str, Any]:
    webhook = listed.webhook
    return {
        "id": str(webhook.id),
        "url": webhook.url,
        "events": [event.value for event in webhook.events],
        "description": webhook.description,
        "enabled": webhook.is_enabled,
        "disabled_at": rfc3339_or_none(webhook.disabled_at),
        "disabled_reason": webhook.disabled_reason or None,
        "failing_since": rfc3339_or_none(webhook.failing_since),
        "both_secrets_until": rfc3339_or_none(webhook.two_secrets_until(utc_now())),
        "waiting": listed.waiting,
        "given_up": listed.given_up,
        "created_at": rfc3339(webhook.created_at),
    }


def _made_view(made: Made, listed: Listed) -> dict[str, Any]:
    return _view(listed) | {"secret": made.secret}


def _trial_view(attempt: Attempt) -> dict[str, Any]:
    return {
        "status": attempt.status,
        "seconds": round(attempt.seconds, 3),
        "answer": attempt.said,
        "problem": attempt.problem,
    }


def _delivery_view(sending: Sending) -> dict[str, Any]:
    return {
        "id": str(sending.event_id),
        "type": sending.type.value,
        "comment_id": None if sending.comment_id is None else str(sending.comment_id),
        "status": sending.status.value,
        "happened_at": rfc3339(sending.happened_at),
        "next_try_at": rfc3339_or_none(sending.due_at),
        "attempts": [
            {
                "attempt": attempt.number,
                "at": rfc3339(attempt.at),
                "status": attempt.status,
                "seconds": attempt.seconds,
                "answer": attempt.answer,
                "problem": attempt.problem,
            }
            for attempt in sending.made
        ],
    }
