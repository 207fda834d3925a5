"""Phases that look at where a text leads: how many links, to what, and whose address stands in it."""

from __future__ import annotations

import re

from service.domain.as_read import text_as_read
from service.domain.rulebook import LINK, host_of, link_spans, links_of
from service.domain.screening.facts import Facts, Submission
from service.domain.screening.signals import Signal
from service.domain.screening.trust import held_unless_trusted

MANY_LINKS = 3
"""Links in one comment from which on a person should look first; honest replies rarely cite more than two sources."""

_LISTED = """
adf.ly adfoc.us b23.ru bc.vc bit.do bit.ly bitly.com bl.ink buff.ly clck.ru clicky.me cutt.ly dlvr.it fur.ly
gg.gg goo.gl goo.su ift.tt is.gd j.mp kutt.it lnk.bio lnk.to mcaf.ee n9.cl ouo.io ow.ly po.st q.gs qps.ru
qr.ae rb.gy rebrand.ly s.id s2r.co sh.st short.io shorte.st shorturl.at shorturl.gg shrtco.de slkt.io snip.ly
su.pr surl.li t.co t.ly t2m.io tiny.cc tiny.pl tinyurl.com tr.im u.to u.nu urlz.fr v.gd v.ht vk.cc wa.link
x.co x.gd zpr.io zzb.bz
"""
SHORTENERS = frozenset(_LISTED.split())
"""Services that hide where a link leads. Those that shorten the links of one site alone are not among them (youtu.be,
wp.me, fb.me, lnkd.in), since one knows where these lead."""


def has_links(body: str) -> bool:
    """True where a text has at least one link, by which moderators can narrow the queue."""
    return LINK.search(text_as_read(body)) is not None


def hold_many_links(submission: Submission, facts: Facts) -> Signal | None:
    """Hold a text with three links or more, whatever the policy: most advertising has them.

    Links to domains that a rule of the site trusts are not counted.
    """
    links = [(span, host_of(link)) for link, span in link_spans(submission.body)]
    counted = tuple(span for span, host in links if host is None or not facts.rules.trusts_domain(host, facts.now))
    if len(counted) < MANY_LINKS:
        return None
    detail = f"It has {len(counted)} links; {MANY_LINKS} or more are held."
    return held_unless_trusted(submission, facts, "many_links", 1.0, detail, counted)


def hold_link_shorteners(submission: Submission, facts: Facts) -> Signal | None:
    """Hold a text with a link that hides where it leads."""
    found = [(host, span) for host, span in links_of(submission.body) if host.removeprefix("www.") in SHORTENERS]
    found = [(host, span) for host, span in found if not facts.rules.trusts_domain(host, facts.now)]
    if not found:
        return None
    hosts = ", ".join(dict.fromkeys(host for host, _ in found))
    detail = f"A link does not show where it leads: {hosts} shortens links."
    return held_unless_trusted(submission, facts, "link_shortener", 0.8, detail, tuple(span for _, span in found))


def hold_own_email(submission: Submission, facts: Facts) -> Signal | None:
    """Hold a text that holds its author's own address, whatever the policy: a person decides whether that was meant."""
    # A pattern made of an address is compiled for each reply, so it is made only where the text has a place for it.
    if not submission.email or "@" not in submission.body:
        return None
    found = tuple(m.span() for m in re.finditer(re.escape(submission.email), submission.body, re.IGNORECASE))
    if not found:
        return None
    return held_unless_trusted(
        submission, facts, "own_email", 0.5, "It has the author’s own e-mail address in it.", found
    )


def hold_edit_that_adds_a_link(submission: Submission, facts: Facts) -> Signal | None:
    """Hold an edit of a published comment that leads to where the approved text did not."""
    if facts.approved_body is None:
        return None
    known = {host for host, _ in links_of(facts.approved_body)}
    added = [(host, span) for host, span in links_of(submission.body) if host not in known]
    if not added:
        return None
    hosts = ", ".join(dict.fromkeys(host for host, _ in added))
    detail = f"The edit adds a link to {hosts}, which the approved text did not have."
    return held_unless_trusted(submission, facts, "edit_adds_link", 0.7, detail, tuple(span for _, span in added))
