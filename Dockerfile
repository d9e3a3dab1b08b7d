# Greenroom in one image. Its portal listens on loopback until sign-in is there, so run it in the host's network:
#   docker run --rm --network host -v "$PWD:/project" greenroom serve
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN python3 -m pip install --no-cache-dir --break-system-packages uv
WORKDIR /src
COPY . .
# The locked packages first, then Greenroom itself from its wheel: nothing of the checkout is needed afterwards.
RUN uv export --frozen --quiet --no-dev --no-emit-project --no-hashes --output-file /tmp/locked.txt \
    && uv build --quiet --wheel --out-dir /tmp/dist \
    && uv venv --quiet --relocatable /opt/greenroom \
    && uv pip install --quiet --no-cache --python /opt/greenroom/bin/python -r /tmp/locked.txt /tmp/dist/*.whl

FROM ${BASE}
LABEL org.opencontainers.image.title="greenroom" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN apt-get update -q \
    && apt-get install -qy --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 greenroom
COPY --from=build /opt/greenroom /opt/greenroom
ENV PATH=/opt/greenroom/bin:$PATH PYTHONUNBUFFERED=1
USER greenroom
WORKDIR /project
ENTRYPOINT ["greenroom"]
CMD ["serve"]
