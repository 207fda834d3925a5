"""The WSGI application: `granian --interface wsgi wsgi:app`, or any other WSGI server."""

import gc
import multiprocessing
import signal
import sys

# Of the thousand modules that are imported now nothing is ever garbage. Not looking for any saves a fifth of the start,
# and whoever looks later, in the middle of a request, need not look through them again.
gc.disable()
try:
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
    # A thread that computes gives way after this many seconds, not after the 5 ms that Python has by itself: a reader's
    # page takes 0.03 ms and would wait for a hundred times as long behind every reply.
    sys.setswitchinterval(0.0005)
    gc.freeze()
    # A request leaves hardly any cycles behind, and to look for them every few requests took a tenth of a submission.
    gc.set_threshold(20_000, 20, 50)
finally:
    gc.enable()
