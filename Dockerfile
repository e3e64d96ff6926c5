# Swathe as a container: the crawler alone, for a MongoDB of its own (docker-compose.yml).
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends libcurl4 tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 swathe

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY --chown=swathe:swathe . .
# Editable: the checkout is the project, with its spiders, models and config.ini.
RUN pip install --no-cache-dir --no-deps --editable . && install -d -o swathe -g swathe -m 0700 /app/.swathe

USER swathe
ENV PYTHONUNBUFFERED=1
# tini ends the children of a crawl with it.
ENTRYPOINT ["tini", "--", "swathe"]
CMD ["--help"]
