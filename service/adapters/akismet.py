"""Akismet, an outside service that knows much of the world's spam; a site has to ask for it, with a key of its own.

The calls are those of https://akismet.com/developers/detailed-docs/ (version 1.1): comment-check, submit-spam and
submit-ham. It is told the text, the name, the website and the network address that a comment came from, and never the
author's e-mail address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from service.adapters.outgoing import OutgoingFailed, post
from service.domain.destinations import Network
from service.domain.opinions import NotAnOpinion, Opinion, akismet_opinion

AKISMET_URL = "https://rest.akismet.com/1.1/"


@dataclass(frozen=True)
class AskedComment:
    """What Akismet is told of a comment; `address` is empty where it is not known any more."""

    blog: str
    permalink: str
    address: str
    author: str
    author_url: str
    body: str
    is_reply: bool

    @property
    def form(self) -> Mapping[str, str]:
        """The names that Akismet gives these."""
        return {
            "blog": self.blog,
            "permalink": self.permalink,
            "user_ip": self.address,
            "comment_type": "reply" if self.is_reply else "comment",
            "comment_author": self.author,
            "comment_author_url": self.author_url,
            "comment_content": self.body,
            "blog_charset": "UTF-8",
        }


class Akismet:
    """One site's account; `url` is another than Akismet's own for a server that speaks the same."""

    def __init__(self, key: str, *, url: str = AKISMET_URL, allowed: Sequence[Network] = ()) -> None:
        self._key, self._url, self._allowed = key, url, allowed

    def check(self, comment: AskedComment) -> Opinion:
        """Return what comment-check says; raises OutgoingFailed, which names a key that is not valid."""
        said, headers = self._call("comment-check", comment)
        try:
            return akismet_opinion(said, is_blatant=headers.get("x-akismet-pro-tip") == "discard")
        except NotAnOpinion as fault:
            help_given = headers.get("x-akismet-debug-help", "")
            raise OutgoingFailed(f"Akismet does not answer the question: {help_given or said[:80]!r}.") from fault

    def tell(self, comment: AskedComment, *, is_spam: bool) -> None:
        """Tell it what a moderator decided, so that it learns; raises OutgoingFailed."""
        self._call("submit-spam" if is_spam else "submit-ham", comment)

    def _call(self, verb: str, comment: AskedComment) -> tuple[bytes, Mapping[str, str]]:
        form = urlencode({"api_key": self._key, **comment.form}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        answer = post(self._url + verb, form, headers, allowed=self._allowed)
        if answer.status != 200:
            raise OutgoingFailed(f"Akismet answered with status {answer.status}.")
        return answer.body, answer.headers
