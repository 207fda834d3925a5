"""The WSGI application: `granian --interface wsgi wsgi:app`, or any other WSGI server."""

import gc
import multiprocessing
import signal
import sys

from service import create_app
from service.config import ConfigurationFault

if multiprocessing.parent_process() is not None:
    # A terminal's Ctrl-C reaches a worker twice, from the terminal and from granian's master, and hangs it then
    # (granian 2.8). The master's word is enough.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

try:
    app = create_app()
except ConfigurationFault as fault:
    # One line for whoever set it; a traceback would say nothing more, and hide it.
    sys.exit(f"Postbag cannot start: {fault}")

# What is there by now stays as long as the process, and a request leaves hardly any cycles behind: to look for them
# after every few requests, through everything there is, took a quarter of the time of a submission.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)
