# An image of Python with the wheel of geventd and an application.
FROM python:3.13-slim
COPY dist/geventd-*-cp313-*.whl /tmp/wheels/
COPY requirements.txt /tmp/
RUN pip install --no-cache-dir /tmp/wheels/*.whl -r /tmp/requirements.txt && rm -r /tmp/wheels
WORKDIR /srv/app
COPY . .

ENV PORT=8000 GEVENTD__CONTROL=/tmp/geventd.ctl
EXPOSE 8000
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s CMD ["geventctl", "--socket", "/tmp/geventd.ctl", "status"]
# geventd can be process 1: it reaps orphans, and SIGTERM drains it.
CMD ["sh", "-c", "exec geventd --set listen=http://:$PORT --set app=app:app"]
