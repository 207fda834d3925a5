"""`/desk/authors/{id}`: what is kept of one author, to be handed out or erased as they ask."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request

from service.actions import authors, erase, mine
from service.actions.mine import Erased
from service.domain.errors import NotFound
from service.domain.life import Status
from service.domain.permissions import Permission
from service.web.auth import the_caller
from service.web.desk.filters import own_address
from service.web.desk.shell import desk, desk_page, seen_at
from service.web.times import utc_now

blueprint = Blueprint("desk_authors", __name__, url_prefix="/desk/authors")

SHOWN = 20  # comments on the page, the newest; the file has all of them
COUNTED = (
    (Status.APPROVED, "approved"),
    (Status.PENDING, "waiting"),
    (Status.REJECTED, "rejected"),
    (Status.SPAM, "spam"),
    (Status.DELETED, "deleted"),
)


@blueprint.get("/<uuid:author_id>")
@desk_page(Permission.ANSWER_AUTHORS)
def show(author_id: UUID) -> Response:
    """Answer with what is kept of an author, or with the proof once everything is erased."""
    return _page(author_id)


@blueprint.post("/<uuid:author_id>")
@desk_page(Permission.ANSWER_AUTHORS)
def erase_all(author_id: UUID) -> Response:
    """Erase everything where that was confirmed, then lead back to the page, which then has the proof."""
    if request.form.get("confirm") != "yes":
        return _page(author_id, fault="Nothing was erased: tick the box to say that it is meant.")
    authors.erase_author(the_caller(), author_id, now=utc_now())
    return seen_at(own_address(f"/desk/authors/{author_id}"))


@blueprint.get("/<uuid:erased_id>/proof")
@desk_page(Permission.ANSWER_AUTHORS)
def download_proof(erased_id: UUID) -> Response:
    """Answer with the signed proof as a file, once everything is erased."""
    found = authors.read_author(the_caller(), erased_id)
    if not isinstance(found, Erased) or found.done is None:
        raise NotFound
    answer = Response(erase.proof(found.done), content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.site.slug}-erasure.json"'
    return answer


def _page(author_id: UUID, *, fault: str = "") -> Response:
    found = authors.read_author(the_caller(), author_id)
    here = own_address(f"/desk/authors/{author_id}")
    if isinstance(found, Erased):
        return desk("author_erased.html", done=found.done, here=here, author_id=author_id)
    written = mine.page_of(found, before=None, limit=SHOWN)
    counts = [(getattr(found.record, status.value), words) for status, words in COUNTED]
    return desk(
        "author.html",
        422 if fault else 200,
        owner=found,
        author_id=author_id,
        here=here,
        names=list(dict.fromkeys(one.comment.author_name for one in written if one.comment.author_name)),
        counts=[(count, words) for count, words in counts if count],
        # As the command does: what has no words any more is not counted.
        to_erase=sum(count for count, words in counts if words != "deleted"),
        written=written,
        fault=fault,
    )
