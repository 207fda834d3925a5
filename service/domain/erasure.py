"""The proof that everything an author wrote on a site was erased: dated, signed, and without a word about them.

The log of the site has an entry under the same id, which says the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

PROOF_KIND = "postbag erasure"


@dataclass(frozen=True)
class Erasure:
    """What was erased: `comments` counts all that stood under the address, as far as they were not erased before."""

    id: UUID
    site: str
    comments: int
    erased_at: datetime

    @property
    def signed_text(self) -> str:
        """What the proof says, as it is signed: ASCII JSON with sorted keys and no spaces."""
        said = {
            "kind": PROOF_KIND,
            "id": str(self.id),
            "site": self.site,
            "comments": self.comments,
            "erased_at": self.erased_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return json.dumps(said, sort_keys=True, separators=(",", ":"))


def erasure_in(said: object) -> Erasure | None:
    """Return what a proof says, or None for what is none; whether it is true is another question."""
    if not isinstance(said, dict) or said.get("kind") != PROOF_KIND:
        return None
    try:
        count = said["comments"]
        erased_at = datetime.strptime(said["erased_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        found = Erasure(UUID(said["id"]), str(said["site"]), int(count), erased_at)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return found if not isinstance(count, bool) else None
