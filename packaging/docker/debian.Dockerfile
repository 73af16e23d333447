# Debian with the packages of geventd and an application, whose packages are in an environment.
FROM debian:12-slim
# Not those for debuggers, geventd-dbgsym_*.deb and geventd-python3.11-dbgsym_*.deb.
COPY dist/geventd_*.deb dist/geventd-python3.11_*.deb /tmp/packages/
RUN apt-get update \
 && apt-get install -y --no-install-recommends /tmp/packages/*.deb python3-venv \
 && rm -rf /tmp/packages /var/lib/apt/lists/*
WORKDIR /srv/app
COPY requirements.txt .
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir gevent -r requirements.txt
COPY . .

ENV PORT=8000 GEVENTD__CONTROL=/tmp/geventd.ctl GEVENTD__APP__VIRTUALENV=/opt/venv
EXPOSE 8000
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s CMD ["geventctl", "--socket", "/tmp/geventd.ctl", "status"]
# geventd can be process 1: it reaps orphans, and SIGTERM drains it.
CMD ["sh", "-c", "exec geventd --set listen=http://:$PORT --set app=app:app"]
