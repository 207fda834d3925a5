# The service alone; compose.yaml puts PostgreSQL, Redis and nginx around it.
#
#     docker build -t postbag .
#     docker run --rm -v postbag:/app/instance postbag flask --app wsgi db upgrade
#     docker run -p 8000:8000 -v postbag:/app/instance postbag
#
# Without DATABASE_URL and REDIS_URL, as here, the data are SQLite in the volume and Redis is private to the container.

FROM python:3.13-slim AS builder
WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --no-deps --only-binary :all: --require-hashes --requirement requirements.txt \
    && /venv/bin/pip uninstall --yes pip
COPY wsgi.py openapi.yaml ./
COPY service ./service
# Compiled here, because the running container may write nothing beside its code.
RUN python -m compileall -q wsgi.py service

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    INSTANCE_PATH=/app/instance \
    # Where the workers count together; made when they start, and gone with the container's /tmp.
    PROMETHEUS_MULTIPROC_DIR=/tmp/postbag-metrics \
    # Two processes survive the loss of one. Most threads only wait: for a body, or for one of the few places where
    # Flask works (service/web/lanes.py); readers are answered by the others. Beyond 512 connections of a process, idle ones among them, the next waits in the socket's queue: nginx
    # alone keeps 32 open for each of its processes.
    GRANIAN_WORKERS=2 \
    GRANIAN_BLOCKING_THREADS=32 \
    GRANIAN_BACKPRESSURE=512 \
    # Seconds, fewer than the ten after which Docker kills the container: a worker that hangs does not take the other
    # one's last answers with it.
    GRANIAN_WORKERS_KILL_TIMEOUT=8
WORKDIR /app
COPY --from=builder /venv /venv
COPY --from=builder /app/wsgi.py /app/openapi.yaml ./
COPY --from=builder /app/service ./service
# The number, not a name, lets Kubernetes see that this is not root.
RUN install -d -o 10001 -g 10001 instance
USER 10001:10001
VOLUME /app/instance
EXPOSE 8000
STOPSIGNAL SIGTERM
# http.client asks nobody for a proxy, which urllib would.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["python", "-c", "import http.client; \
c = http.client.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); \
raise SystemExit(c.getresponse().status != 200)"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--no-ws", "--respawn-failed-workers", "wsgi:app"]
