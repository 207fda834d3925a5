"""The WSGI application: `granian --interface wsgi wsgi:app`, or any other WSGI server."""

from service import create_app

app = create_app()
