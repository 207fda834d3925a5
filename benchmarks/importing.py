"""How fast another system's comments come in, and in how much memory: WXR into PostgreSQL, by the command itself.

    python -m benchmarks.importing --comments 100000

One comment in seven has links, emphasis or quotes, the others are prose, as in the archives of blogs; a third are
replies, and an author writes five. The memory is what the process and those that it starts have to themselves
(PSS, every half second), without the database server, which keeps what it is told (fsync). A loop beside it tells the
pace of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from xml.sax.saxutils import escape

from benchmarks.printing import print_table, quieten
from benchmarks.words import WORDS
from service.actions import recount, sites
from service.commands.telling import utc_now
from tests.granian_server import ROOT, SECRET, beside
from tests.servers import empty_database, running_postgres

SLUG, ORIGIN = "moving", "https://moving.example"
ASKED_RATE, ASKED_MEMORY = 5_000, 200
ON_A_PAGE = 100  # comments
LOOK_EVERY = 0.5  # seconds; each look takes milliseconds from what it looks at
PACE_EVERY = 4  # looks
STEPS = 150_000  # of a loop that takes ten milliseconds, by which two machines, or two hours of one, can be compared


def write_export(file: Path, comments: int) -> None:
    """Write an export of WordPress with that many comments, the same for the same number."""
    chance = random.Random(1)
    with file.open("w") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" ')
        out.write('xmlns:wp="http://wordpress.org/export/1.2/"><channel><wp:wxr_version>1.2</wp:wxr_version>\n')
        for number in range(comments):
            if number % ON_A_PAGE == 0:
                page = number // ON_A_PAGE
                out.write("</item>\n" if number else "")
                out.write(f"<item><title>Article {page}</title><link>{ORIGIN}/{page}</link>\n")
            out.write(_comment(number, chance, comments))
        out.write("</item></channel></rss>\n" if comments else "</channel></rss>\n")


def _comment(number: int, chance: random.Random, comments: int) -> str:
    at = number % ON_A_PAGE
    parent = number - chance.randrange(1, at + 1) + 1 if at and chance.random() < 1 / 3 else 0
    author = chance.randrange(max(1, comments // 5))
    text = " ".join(chance.choices(WORDS, k=chance.randrange(10, 70))) + "."
    if chance.random() < 1 / 7:
        text = (
            f'<blockquote>{text[:60]}</blockquote>See <a href="{ORIGIN}/{number}">this</a>, it is <em>so</em>. {text}'
        )
    approved = chance.choices(("1", "0", "spam"), (90, 3, 7))[0]
    written = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(1_300_000_000 + number * 97))
    return (
        f"<wp:comment><wp:comment_id>{number + 1}</wp:comment_id><wp:comment_author><![CDATA[Reader {author}]]>"
        f"</wp:comment_author><wp:comment_author_email>r{author}@example.org</wp:comment_author_email>"
        f"<wp:comment_author_url></wp:comment_author_url><wp:comment_author_IP>192.0.2.1</wp:comment_author_IP>"
        f"<wp:comment_date>{written}</wp:comment_date><wp:comment_date_gmt>{written}</wp:comment_date_gmt>"
        f"<wp:comment_content>{escape(text)}</wp:comment_content><wp:comment_approved>{approved}</wp:comment_approved>"
        f"<wp:comment_type>comment</wp:comment_type><wp:comment_parent>{parent}</wp:comment_parent>"
        f"<wp:comment_user_id>0</wp:comment_user_id></wp:comment>\n"
    )


class Watch(threading.Thread):
    """Looks again and again at what a process and its children take; `peak` is the most, in megabytes.

    `paces` are the milliseconds of processor time that a loop took meanwhile: a machine whose processors are shared or
    throttled needs more of them for the same.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak = pid, 0.0
        self.paces: list[float] = [_pace()]
        self.over = threading.Event()

    def run(self) -> None:
        """Look until it is over."""
        looks = 0
        while not self.over.wait(LOOK_EVERY):
            self.peak = max(self.peak, sum(map(_taken_by, _family(self.pid))))
            looks += 1
            if looks % PACE_EVERY == 0:
                self.paces.append(_pace())


def _pace() -> float:
    began, total = time.thread_time(), 0
    for step in range(STEPS):
        total += step * step % 7
    return (time.thread_time() - began) * 1e3


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _family(int(child))
    except OSError:
        return


def _taken_by(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


@contextmanager
def watched(command: list[str], environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], Watch]]:
    """Yield a running command, and who watches its memory and the pace of the machine."""
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        watch = Watch(process.pid)
        watch.start()
        yield process, watch
        watch.over.set()
        watch.join()


def main() -> None:
    """Write an export, import it twice, hold the counters against the comments, and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--comments", type=int, default=100_000)
    given = arguments.parse_args()
    quieten()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres(is_durable=True) as postgres,
        empty_database(postgres.url, "bench_importing") as url,
        beside(Path(folder) / "instance", url) as app,
    ):
        file = Path(folder) / "export.xml"
        write_export(file, given.comments)
        with app.app_context():
            sites.create_site(SLUG, name="Moving", origins=[ORIGIN], now=utc_now())
        environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "SECRET_KEY": SECRET, "TMPDIR": folder}
        environment |= {"REDIS_URL": "redis://localhost:1", "INSTANCE_PATH": str(Path(folder) / "instance")}
        flask = str(Path(sys.executable).with_name("flask"))
        command = [flask, "--app", "wsgi", "import", "wordpress", str(file), "--site", SLUG, "--json"]
        rows = []
        spent_before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        for name in ("import", "the same again"):
            began = time.perf_counter()
            with watched(command, environment) as (process, watch):
                assert process.stdout is not None, "it was asked for"
                said = json.loads(process.stdout.read())
            seconds = time.perf_counter() - began
            spent, before = resource.getrusage(resource.RUSAGE_CHILDREN), spent_before
            spent_before = spent.ru_utime + spent.ru_stime
            each = (spent_before - before) / given.comments * 1e6
            rate, size = given.comments / seconds, file.stat().st_size / 2**20
            told = f"{said['read']:,} read, {said['imported']:,} imported, {size:,.0f} MB, {seconds:.1f} s"
            rows.append((f"{name}: {told}", f"at least {ASKED_RATE:,} a second", f"{rate:,.0f}"))
            rows.append((f"{name}: our processor time a comment, without the server's", "", f"{each:,.0f} µs"))
            rows.append((f"{name}: memory at its peak", f"at most {ASKED_MEMORY} MB", f"{watch.peak:,.0f} MB"))
            pace = f"{mean(watch.paces):.1f} ms, at least {min(watch.paces):.1f}"
            rows.append((f"{name}: a loop of {STEPS:,} steps beside it", "", pace))
        with app.app_context():
            wrong = sum(len(found.wrong) for found in recount.check())
        rows.append(("numbers that are wrong afterwards", "0", str(wrong)))
    print_table(rows)


if __name__ == "__main__":
    main()
