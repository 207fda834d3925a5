"""Holding the kept numbers of sites against their comments, and putting them right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.domain.site import Site
from service.store import recount, sites
from service.store.recount import Miscount
from service.store.session import reading, take_time, writing


@dataclass(frozen=True)
class Recount:
    """What was found wrong in one site."""

    slug: str
    wrong: tuple[Miscount, ...]


def check(slug: str | None = None) -> Iterator[Recount]:
    """Compare the numbers of each site, or of one, with its comments; raises UnknownSite."""
    for site in _sites(slug):
        with reading():
            take_time()
            wrong = tuple(recount.miscounts(site.id))
        yield Recount(site.slug, wrong)


def repair(slug: str | None = None) -> Iterator[Recount]:
    """Put the numbers of each site, or of one, right while people go on writing; raises UnknownSite.

    One transaction a site; what it tells of was wrong before.
    """
    for site in _sites(slug):
        with writing():
            take_time()
            recount.hold_site(site.id)
            wrong = tuple(recount.repair(site.id))
        yield Recount(site.slug, wrong)


def _sites(slug: str | None) -> list[Site]:
    with reading():
        return list(sites.list_sites()) if slug is None else [sites.find_site(slug)]
