"""`/v1/mine/{token}`, `/v1/proofs/{token}`: what the links in letters to authors open, for programs."""

from __future__ import annotations

import json

from flask import Response, current_app

from service.actions import erase, mine
from service.actions.mine import Erased
from service.actions.signed_links import BadLink
from service.domain.errors import Forbidden, NotFound
from service.domain.mine_export import json_pieces
from service.web.documentation import answers, described
from service.web.origins import open_to_any_page
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.schemas.mine import ErasureSchema, MineSchema, ProvenSchema
from service.web.streaming import each_in_a_context
from service.web.times import utc_now

blueprint = ApiBlueprint("mine_api", __name__, url_prefix="/v1", description="Everything that an author wrote.")


@blueprint.post("/proofs/<token>")
@open_to_any_page
@blueprint.response(200, ProvenSchema)
@answers("forbidden", "not_found", "store_unavailable")
@described("proveAddress", "Prove an address")
def prove(token: str) -> Response:
    """The token is what follows `/mail/prove/` in the letter. It is good once, for two days."""
    try:
        found = mine.prove(token, now=utc_now())
    except BadLink as fault:
        raise _no_such_link() from fault
    if found.token is None:
        raise Forbidden("This link was used already: the address is proven. Ask for another letter.")
    return json_response({"site": found.site.slug, "author_token": found.token})


@blueprint.get("/mine/<token>")
@open_to_any_page
@blueprint.response(200, MineSchema)
@answers("not_found", "store_unavailable")
@described("readMine", "Read everything that was written with an address")
def show(token: str) -> Response:
    """The token is what follows `/mail/mine/` in the letter to the address. It is good for a day."""
    now = utc_now()
    try:
        found = mine.open_mine(token, now=now)
    except BadLink as fault:
        raise _no_such_link() from fault
    if isinstance(found, Erased):
        raise NotFound("Everything that was written with this address was erased.")
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    pieces = each_in_a_context(app, json_pieces(found, mine.everything_of(found), made_at=now))
    answer = Response(pieces, content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.delete("/mine/<token>")
@open_to_any_page
@blueprint.response(200, ErasureSchema)
@blueprint.alt_response(202, description="It is a lot and goes on; ask again in a minute for the proof.")
@answers("not_found", "store_unavailable")
@described("eraseMine", "Erase everything that was written with an address")
def erase_all(token: str) -> Response:
    """For good. The answer is a proof, signed; a second time it is the same one."""
    try:
        found = mine.erase_mine(token, now=utc_now())
    except BadLink as fault:
        raise _no_such_link() from fault
    if found.done is None:
        response = Response(status=202)
        del response.headers["Content-Type"]
        response.headers["Cache-Control"] = "no-store"
        return response
    return json_response(json.loads(erase.proof(found.done)))


def _no_such_link() -> NotFound:
    return NotFound("This link does not work any more: it is too old, or a part of it was lost on the way.")
