"""How well the learned filter tells spam from honest comments, on CSV files of decided comments.

    python -m benchmarks.spam FILE [FILE ...] [--text C] [--label C] [--author C] [--time C]

Each file is taken for one source, such as one video or one site. The data are not part of this repository.
"""

from __future__ import annotations

import argparse
import csv
import html
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import roc_auc_score

from benchmarks.printing import print_table
from service.adapters.spam_filter import Lessons, SpamFilter

HOW_TO_GET = """Give at least one CSV file of decided comments: python -m benchmarks.spam FILE [FILE ...]

The figures in docs/measured.md are of the YouTube Spam Collection of the UCI Machine Learning Repository (number 380;
five files, Youtube01-Psy.csv to Youtube05-Shakira.csv). Get it there, unpack it anywhere outside the repository, and
name the five files. Any CSV file with a text and a label does; --text, --label, --author and --time name its columns
where they are called something unusual."""

COLUMNS = {
    "text": ("content", "text", "body", "comment", "message"),
    "label": ("class", "label", "spam", "is_spam", "category"),
    "author": ("author", "name", "user", "username"),
    "time": ("date", "time", "created_at", "timestamp"),
}
SPAM_LABELS = {"1", "spam", "true", "yes"}
WARM_UP = 100  # decisions after which the scores count; before that nobody would rely on them
HONEST_FLAGGED = 0.01  # of the honest comments, at most

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Decided:
    """One comment of a file, and what was decided on it."""

    source: int
    text: str
    author: str
    time: str
    is_spam: bool


Trained = Callable[[Decided], float]
Trainer = Callable[[Sequence[Decided]], Trained]


def read(path: Path, source: int, names: dict[str, str | None]) -> list[Decided]:
    """Return the comments of a file; a comment without a time comes after all that have one, in the file's order."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        columns = {what: _column(what, names[what], rows.fieldnames or [], path) for what in COLUMNS}
        return [
            Decided(
                source,
                typed(row[columns["text"] or ""]),
                row[columns["author"]] if columns["author"] else "",
                row[columns["time"]] if columns["time"] else "",
                row[columns["label"] or ""].strip().casefold() in SPAM_LABELS,
            )
            for row in rows
        ]


def typed(text: str) -> str:
    """Return what the author typed: exports often hold the HTML that was made of it, with links around times and tags.

    The filter reads what was typed, and so does the control.
    """
    return html.unescape(re.sub(r"</?(?:a|span|b|i)\b[^>]*>", "", re.sub(r"<br ?/?>", "\n", text)))


def _column(what: str, named: str | None, there: Sequence[str], path: Path) -> str | None:
    wanted = (named.casefold(),) if named else COLUMNS[what]
    for column in there:
        if column.strip().casefold() in wanted:
            return column
    if named or what in {"text", "label"}:
        sys.exit(f"{path} has no column for the {what}; it has {', '.join(there)}. Name it with --{what}.")
    return None


def in_time_order(comments: Sequence[Decided]) -> list[Decided]:
    """Return them as they were written; those without a time come last, as they stand in their file."""
    return sorted(comments, key=lambda comment: (comment.time == "", comment.time))


def learned(comments: Sequence[Decided]) -> Trained:
    """Train the service's filter, with a window for all of them."""
    lessons = Lessons(window=len(comments))
    for number, comment in enumerate(comments):
        lessons.learn(number, comment.text, comment.author, is_spam=comment.is_spam)
    spam_filter = lessons.fit()
    return lambda comment: spam_filter.score(comment.text, comment.author)


class Plain:
    """The control: scikit-learn's own character n-grams and its linear model, with their defaults."""

    def __init__(self) -> None:
        self._vectors = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5))
        self._model = SGDClassifier(loss="log_loss", random_state=0)

    def learn(self, comment: Decided) -> None:
        """Take one more step."""
        self._model.partial_fit(self._vectors.transform([comment.text]), [comment.is_spam], classes=[False, True])

    def score(self, comment: Decided) -> float:
        """Return how far the text lies on the side of spam."""
        return float(self._model.decision_function(self._vectors.transform([comment.text]))[0])

    @classmethod
    def trained(cls, comments: Sequence[Decided]) -> Trained:
        """Train on all at once."""
        plain = cls()
        plain._model.fit(plain._vectors.transform([c.text for c in comments]), [c.is_spam for c in comments])
        return plain.score


def area_as_it_goes(comments: Sequence[Decided], times: dict[str, list[float]]) -> float:
    """Score every comment before its decision is learned; return the area under ROC after the warm-up."""
    lessons = Lessons(window=len(comments))
    spam_filter: SpamFilter | None = None
    scores = []
    for number, comment in enumerate(comments):
        began = time.perf_counter()
        scores.append(spam_filter.score(comment.text, comment.author) if spam_filter else 0.0)
        scored = time.perf_counter()
        lessons.learn(number, comment.text, comment.author, is_spam=comment.is_spam)
        spam_filter = lessons.fit()
        times["score"].append(scored - began)
        times["learn"].append(time.perf_counter() - scored)
    return _area(comments, scores)


def area_of_the_plain_one(comments: Sequence[Decided]) -> float:
    """Return the same for the control."""
    plain, scores = Plain(), []
    for number, comment in enumerate(comments):
        scores.append(plain.score(comment) if number else 0.0)
        plain.learn(comment)
    return _area(comments, scores)


def _area(comments: Sequence[Decided], scores: Sequence[float]) -> float:
    answers = [comment.is_spam for comment in comments]
    return float(roc_auc_score(answers[WARM_UP:], scores[WARM_UP:]))


def recall_on_the_left_out(comments: Sequence[Decided], train: Trainer) -> list[float]:
    """For each source train on the others; return how much of its spam scores higher than all but 1% of the honest."""
    recalls = []
    for source in sorted({comment.source for comment in comments}):
        trained = train([comment for comment in comments if comment.source != source])
        tested = [comment for comment in comments if comment.source == source]
        scores = np.array([trained(comment) for comment in tested])
        answers = np.array([comment.is_spam for comment in tested])
        honest = np.sort(scores[~answers])[::-1]
        threshold = honest[int(HONEST_FLAGGED * len(honest))]
        recalls.append(float((scores[answers] > threshold).mean()))
    return recalls


def main() -> int:
    """Measure and print; without a file say how to get one, and return 2."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spam", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    for what, usual in COLUMNS.items():
        parser.add_argument(f"--{what}", metavar="COLUMN", help=f"the column of the {what}; else {', '.join(usual)}")
    given = parser.parse_args()
    if not given.files:
        print(HOW_TO_GET, file=sys.stderr)
        return 2
    names = {what: getattr(given, what) for what in COLUMNS}
    comments = in_time_order([c for source, path in enumerate(given.files) for c in read(path, source, names)])
    spam = sum(comment.is_spam for comment in comments)
    print(f"{len(comments)} comments, {spam} of them spam, from {len(given.files)} files")
    times: dict[str, list[float]] = {"score": [], "learn": []}
    rows = [
        ("area under ROC, learning as it goes", ">= 0.98", f"{area_as_it_goes(comments, times):.4f}"),
        ("  a plain linear model", "", f"{area_of_the_plain_one(comments):.4f}"),
    ]
    if len(given.files) > 1:
        for name, asked, train in (("spam found", ">= 0.80", learned), ("  a plain linear model", "", Plain.trained)):
            recalls = recall_on_the_left_out(comments, train)
            each = " ".join(f"{recall:.2f}" for recall in recalls)
            rows.append((f"{name}, file left out, 1% of honest flagged", asked, f"{np.mean(recalls):.3f} ({each})"))
    rows += [
        ("time of a score", "<= 2 ms", f"{1000 * median(times['score']):.2f} ms"),
        ("  the slowest of a hundred", "", f"{1000 * float(np.quantile(times['score'], 0.99)):.2f} ms"),
        ("time to learn one more decision", "", f"{1000 * median(times['learn']):.1f} ms"),
        ("  the slowest of a hundred", "", f"{1000 * float(np.quantile(times['learn'], 0.99)):.1f} ms"),
    ]
    print_table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
