"""`/v1/moderation/rules`: what the site holds, calls spam, refuses or trusts, and what a rule would have done."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from service.actions import rules
from service.actions.backtest import backtest
from service.actions.rules import Proposed
from service.domain.permissions import Caller, Permission
from service.web.auth import requires, signed_in_if_any, the_caller
from service.web.documentation import answers, described
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.rule_views import backtest_view, rule_view
from service.web.schemas.moderators import SiteQuery
from service.web.schemas.rules import (
    BacktestSchema,
    NewRuleSchema,
    RuleChangeSchema,
    RuleSchema,
    RulesQuery,
    RulesSchema,
)
from service.web.times import utc_now

blueprint = ApiBlueprint(
    "rules", __name__, url_prefix="/v1/moderation/rules", description="Rules of the screening."
)  # fmt: skip

READING = ("unauthenticated", "forbidden", "invalid", "rate_limited", "store_unavailable")
WRITING = ("malformed_json", "too_large", "unsupported_media_type", *READING)


@blueprint.get("")
@requires(Permission.READ_SITE)
@blueprint.arguments(RulesQuery, location="query")
@blueprint.response(200, RulesSchema)
@answers(*READING)
@described("readRules", "List the rules of the screening")
def read_rules(query: dict[str, Any]) -> Response:
    """The newest first, those that have expired among them. Of a long value only its beginning is there."""
    caller, now = _caller_on(query["site"]), utc_now()
    asked = {name: query[name] for name in ("kind", "action", "cursor", "limit")}
    found = rules.list_rules(caller, **asked)
    return json_response(
        {"rules": [rule_view(rule, caller, now=now) for rule in found.rules], "next": found.next_cursor}
    )


@blueprint.post("")
@requires(Permission.MANAGE_RULES)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.arguments(NewRuleSchema, location="json")
@blueprint.response(201, RuleSchema)
@answers(*WRITING)
@described("addRule", "Add a rule")
def add_rule(query: dict[str, Any], sent: dict[str, Any]) -> Response:
    """It holds from the next reply on. One that would meet nearly everything is refused unless `confirm` is true."""
    caller, now = _caller_on(sent["site"] or query["site"]), utc_now()
    added = rules.add_rule(caller, _proposed(sent), now=now)
    return json_response(rule_view(added, caller, now=now), 201)


@blueprint.post("/backtest")
@requires(Permission.MANAGE_RULES)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.arguments(NewRuleSchema, location="json")
@blueprint.response(200, BacktestSchema)
@answers(*WRITING)
@described("backtestRule", "Try a rule on past comments")
def backtest_rule(query: dict[str, Any], sent: dict[str, Any]) -> Response:
    """Tried on the latest comments, 30,000 or eight seconds' worth; nothing is stored and nothing changes."""
    caller = _caller_on(sent["site"] or query["site"])
    rule = rules.check_rule(caller, _proposed(sent), now=utc_now())
    return json_response(backtest_view(backtest(rule)))


@blueprint.get("/<uuid:rule_id>")
@requires(Permission.READ_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, RuleSchema)
@answers("not_found", *READING)
@described("readRule", "Read a rule")
def read_rule(query: dict[str, Any], rule_id: UUID) -> Response:
    """With its value whole."""
    caller = _caller_on(query["site"])
    return json_response(rule_view(rules.read_rule(caller, rule_id), caller, now=utc_now()))


@blueprint.patch("/<uuid:rule_id>")
@requires(Permission.MANAGE_RULES)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.arguments(RuleChangeSchema, location="json")
@blueprint.response(200, RuleSchema)
@answers("not_found", *WRITING)
@described("changeRule", "Change a rule")
def change_rule(query: dict[str, Any], sent: dict[str, Any], rule_id: UUID) -> Response:
    """Every change is a new version; the same again is none. Signals keep the version that made them."""
    caller, now = _caller_on(query["site"]), utc_now()
    confirmed = sent.pop("confirm")
    changed = rules.change_rule(caller, rule_id, sent, now=now, confirmed=confirmed)
    return json_response(rule_view(changed, caller, now=now))


@blueprint.delete("/<uuid:rule_id>")
@requires(Permission.MANAGE_RULES)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(204)
@answers("not_found", *READING)
@described("removeRule", "Remove a rule")
def remove_rule(query: dict[str, Any], rule_id: UUID) -> Response:
    """What it held stays held, with the words that it met; the log keeps what the rule was."""
    rules.remove_rule(_caller_on(query["site"]), rule_id, now=utc_now())
    return Response(status=204)


def _caller_on(slug: str | None) -> Caller:
    """Return the caller on the site that is named; raises Forbidden for one where they may not do this.

    The body may name another of a moderator's sites than the one on which they were let in.
    """
    caller, signed_in = the_caller(), signed_in_if_any()
    if slug is None or slug == caller.site_slug:
        return caller
    if caller.kind == "token" or signed_in is None:
        caller.check_site(slug)
        return caller
    there = signed_in.caller_on(slug)
    there.check(Permission.MANAGE_RULES)
    return there


def _proposed(sent: dict[str, Any]) -> Proposed:
    return Proposed(
        sent["kind"], sent["action"], sent["value"], sent["note"], sent["expires_at"], confirmed=sent["confirm"]
    )
