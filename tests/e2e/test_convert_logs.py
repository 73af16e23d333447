# SPDX-License-Identifier: MIT
"""What the converter makes of the logs of both servers: places, formats, conditions."""
import re

import pytest
from convert.answer import answer
from convert.model import Found, Option
from convert.tables import log_formats

from harness.limits import REPOSITORY

LOG = ('log.level', 'log.file', 'log.access', 'log.access-file', 'log.access-when.status',
       'log.access-when.slower')


def converted(server, options):
    """({key without log.: value}, names that are left out) of (name, value) pairs."""
    draft = answer(Found(server, [Option(name, value, f'{name} = {value}')
                                  for name, value in options]))
    return ({key[len('log.'):]: draft.settings[key].value for key in LOG if key in draft.settings},
            [left.option.name for left in draft.left_out])


# --- gunicorn ------------------------------------------------------------------------------------

@pytest.mark.parametrize('options, expected', [
    ([], {'access': 'off'}),
    ([('accesslog', '-')], {'access': 'combined', 'access-file': 'stdout'}),
    ([('accesslog', '-'), ('errorlog', '-')],
     {'file': 'stderr', 'access': 'combined', 'access-file': 'stdout'}),
    ([('accesslog', '/dev/stdout'), ('errorlog', '/dev/stdout')],
     {'file': 'stdout', 'access': 'combined'}),
    ([('accesslog', '/proc/self/fd/2')], {'access': 'combined'}),
    ([('accesslog', '/a'), ('errorlog', '/b')],
     {'file': '/b', 'access': 'combined', 'access-file': '/a'}),
    ([('accesslog', '/a'), ('errorlog', '/a')], {'file': '/a', 'access': 'combined'}),
    ([('accesslog', '${A:--}'), ('errorlog', '${E:--}')],
     {'file': '${E:--}', 'access': 'combined', 'access-file': '${A:--}'}),
    ([('accesslog', '${SURELY_NOT_SET}')], {'access': 'off'}),
    ([('errorlog', 'syslog')], {'file': './syslog', 'access': 'off'}),
    ([('loglevel', 'CRITICAL')], {'level': 'error', 'access': 'off'}),
    ([('accesslog', '/a'), ('access_log_format', '%(h)s %({x-id}i)s %({y}e)s %(t)s')],
     {'access': '${client} ${var.HTTP_X_ID} ${var.Y} [${ltime}]', 'access-file': '/a'}),
    ([('syslog', True)], {'file': 'syslog', 'access': 'combined'}),
    ([('syslog', True), ('syslog_addr', 'unix:///dev/log#dgram'), ('errorlog', '-')],
     {'file': 'syslog', 'access': 'combined'}),
    ([('syslog', True), ('syslog_addr', 'udp://127.0.0.1')],
     {'file': 'syslog', 'access': 'combined'}),
    ([('syslog', True), ('disable_redirect_access_to_syslog', True)],
     {'file': 'syslog', 'access': 'off'}),
    ([('syslog', True), ('accesslog', '/a')],
     {'file': 'syslog', 'access': 'combined', 'access-file': '/a'}),
    ([('syslog', False), ('syslog_addr', 'udp://loghost:514')], {'access': 'off'})])
def test_places_of_gunicorn(options, expected):
    assert converted('gunicorn', options) == (expected, [])


@pytest.mark.parametrize('options, expected', [
    # Standard output leads to log.file, and that is a file.
    ([('accesslog', '-'), ('errorlog', '/b')],
     ({'file': '/b', 'access': 'combined'}, ['accesslog'])),
    ([('accesslog', '/dev/stderr'), ('errorlog', '/b')],
     ({'file': '/b', 'access': 'combined'}, ['accesslog'])),
    ([('syslog', True), ('errorlog', '/b')],
     ({'file': 'syslog', 'access': 'combined'}, ['errorlog'])),
    ([('syslog', True), ('syslog_addr', 'udp://loghost:514')],
     ({'access': 'off'}, ['syslog_addr'])),
    ([('syslog', True), ('syslog_facility', 'local5')],
     ({'file': 'syslog', 'access': 'combined'}, ['syslog_facility']))])
def test_places_of_gunicorn_that_cannot_be(options, expected):
    assert converted('gunicorn', options) == expected


# --- uWSGI ---------------------------------------------------------------------------------------

@pytest.mark.parametrize('options, expected', [
    ([('logto', '/a')], {'file': '/a', 'access': 'uwsgi'}),
    ([('daemonize', '/a')], {'file': '/a', 'access': 'uwsgi'}),
    ([('logto', '/dev/stdout')], {'file': 'stdout', 'access': 'uwsgi'}),
    ([('logger', 'file:/a')], {'file': '/a', 'access': 'uwsgi'}),
    ([('logger', 'stdio')], {'file': 'stdout', 'access': 'uwsgi'}),
    ([('logger', 'errors systemd')], {'file': 'journald', 'access': 'uwsgi'}),
    ([('logger', 'syslog:shop')], {'file': 'syslog', 'access': 'uwsgi'}),
    ([('log-syslog', '')], {'file': 'syslog', 'access': 'uwsgi'}),
    ([('req-logger', 'file:/r')], {'access': 'uwsgi', 'access-file': '/r'}),
    ([('req-logger', 'stdio'), ('logger', 'file:/a')], {'file': '/a', 'access': 'uwsgi'}),
    ([('req-logger', 'syslog'), ('logger', 'syslog')], {'file': 'syslog', 'access': 'uwsgi'}),
    ([('req-logger', 'file:/r'), ('disable-logging', '1')], {'access': 'off'})])
def test_places_of_uwsgi(options, expected):
    assert converted('uwsgi', options)[0] == expected


@pytest.mark.parametrize('name, value', [
    ('logger', 'rsyslog:host:514'), ('req-logger', 'redislog'), ('logto', '10.0.0.1:514'),
    ('req-logger', 'syslog')])
def test_places_of_uwsgi_that_cannot_be(name, value):
    assert converted('uwsgi', [(name, value)]) == ({'access': 'uwsgi'}, [name])


@pytest.mark.parametrize('options, expected', [
    ([], {'access': 'uwsgi'}), (['disable-logging=1'], {'access': 'off'}),
    (['disable-logging=false'], {'access': 'uwsgi'}),
    (['log-4xx=1', 'log-slow=100'], {'access': 'uwsgi'}),  # all have a line, so these too
    (['disable-logging=1', 'log-5xx=false', 'log-slow=0'], {'access': 'off'}),
    (['disable-logging=1', 'log-4xx=1', 'log-5xx=1'],
     {'access': 'uwsgi', 'access-when.status': ['4xx', '5xx']}),
    (['disable-logging=1', 'log-5xx=1', 'log-slow=1500', 'log-format=%(uri)'],
     {'access': '${uri}', 'access-when.status': ['5xx'], 'access-when.slower': '1500ms'}),
    (['disable-logging=1', 'log-slow=2000'], {'access': 'uwsgi', 'access-when.slower': '2s'})])
def test_which_requests_uwsgi_logs(options, expected):
    assert converted('uwsgi', [option.split('=') for option in options]) == (expected, [])


@pytest.mark.parametrize('options, access', [
    (['log-format=%(uri) %(x)'], '${uri} ${logvar.x}'),
    (['log-format=%(client) %(addr)'], '${logvar.client} ${addr}'),  # client is no name of uWSGI's
    (['log-format=%(addr) %(uri)', 'log-x-forwarded-for=1'], '${client} ${uri}'),
    (['log-format=%(ftime) %(uri)'], '${ltime} ${uri}'),
    (['log-format=%(ftime) %(uri)', 'log-date=%Y-%m'], '${ltime} ${uri}'),
    (['log-format=%(ftime) %(uri)', 'log-format-strftime=1', 'log-date=%Y-%m %H'],
     '${strftime.%Y-%m %H} ${uri}'),
    (['log-format=%(ftime) %(uri)', 'logformat-strftime=1', 'log-date=true'], '${ltime} ${uri}'),
    (['log-date=%Y'], 'uwsgi')])
def test_formats_of_uwsgi(options, access):
    assert converted('uwsgi', [option.split('=') for option in options]) == ({'access': access}, [])


def test_uwsgis_own_line_changes_with_two_of_its_options():
    options = [('log-micros', '1'), ('log-x-forwarded-for', '1')]
    line = converted('uwsgi', options)[0]['access']
    assert '] ${client} (${user})' in line and 'bytes in ${micros} micros (' in line


def test_uwsgis_own_line_is_that_of_the_preset():
    source = (REPOSITORY / 'src/log/access_log.cpp').read_text()
    preset = re.search(r'\{"uwsgi",(.*?)Escape', source, re.S)[1]
    assert ''.join(re.findall(r'"([^"]*)"', preset)) == log_formats.UWSGI


def test_what_an_access_log_lacks_is_told():
    assert log_formats.from_gunicorn('%(h)s %({x}o)s 100%%') == ('${client} - 100%', ['%({x}o)s'])
    assert log_formats.from_uwsgi('%(uri) %(metric.a)') == ('${uri} -', ['%(metric.a)'])
