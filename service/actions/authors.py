"""A site's owner does for an author what they ask for by post: hands out everything of theirs, or erases it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from service.actions.erase import erase_everything, find_erasure, is_erased
from service.actions.mine import BATCHES_AT_ONCE, Erased, owner_of
from service.actions.toolbox import tools
from service.domain.emails import email_lookup_form, parse_email
from service.domain.errors import NotFound
from service.domain.mine import Owner
from service.domain.permissions import Caller, Permission
from service.store import authors, mine, notes, sites
from service.store.session import reading


def find_owner(slug: str, email: str, *, with_notes: bool = False) -> Owner:
    """Return the author of an address on a site; raises UnknownSite, Invalid and NotFound."""
    with reading():
        site = sites.find_site(slug)
        hashes = tools().keyring.lookup_hashes("email", str(site.id), email_lookup_form(parse_email(email)))
        for author_id in authors.find_author_ids(site.id, hashes):
            author = mine.find_author(author_id)
            if author is not None and not is_erased(author):
                owner = owner_of(author, site)
                return replace(owner, notes=notes.notes_about([], owner.ids) if with_notes else [])
    raise NotFound(f"Nobody has written on {slug} with this address, or everything of theirs was erased.")


def read_author(caller: Caller, author_id: UUID, *, with_notes: bool = False) -> Owner | Erased:
    """Return an author of the caller's site, or that everything of theirs was erased; raises NotFound.

    The address is left out for a caller who may not see any.
    """
    with reading():
        site = sites.get_site(caller.site_id)
        author = mine.find_author(author_id)
        if author is None or author.site_id != site.id:
            raise NotFound("This site has no such author.")
        if not is_erased(author):
            owner = owner_of(author, site)
            email = owner.email if caller.may(Permission.READ_EMAIL) else ""
            return replace(owner, email=email, notes=notes.notes_about([], owner.ids) if with_notes else [])
    return Erased(site, find_erasure(author_id, site))


def erase_author(caller: Caller, author_id: UUID, *, now: datetime) -> Erased:
    """Erase everything of an author of the caller's site, for good; a second time it says the same. Raises NotFound.

    Where it is a lot the worker goes on, and what the proof says comes later.
    """
    found = read_author(caller, author_id)
    if isinstance(found, Erased) and found.done is not None:
        return found
    done = erase_everything(author_id, found.site, actor=caller.actor, now=now, batches=BATCHES_AT_ONCE)
    return Erased(found.site, done)
