"""The WSGI application: `granian --interface wsgi wsgi:app`, or any other WSGI server."""

import multiprocessing
import signal

from service import create_app

if multiprocessing.parent_process() is not None:
    # A terminal's Ctrl-C reaches a worker twice, from the terminal and from granian's master, and hangs it then
    # (granian 2.8). The master's word is enough.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

app = create_app()
