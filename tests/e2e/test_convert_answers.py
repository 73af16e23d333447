# SPDX-License-Identifier: MIT
"""What the converter makes of options: keys, values, reasons."""
import pytest
from convert.answer import answer
from convert.model import Draft, Found, Option
from convert.tables import log_formats
from convert.tables.addresses import gunicorn_address, listener, translate, without_collisions
from convert.write import write

from harness.conversions import convert


def drafted(server, *options):
    """The draft of NAME=VALUE options, or of pairs."""
    pairs = [option if isinstance(option, tuple) else option.split('=', 1) for option in options]
    return answer(Found(server, [Option(name, value, f'{name} = {value}')
                                 for name, value in pairs]))


def value(server, key, *options):
    setting = drafted(server, *options).settings.get(key)
    return setting.value if setting else None


def uwsgi(key, *options):
    return value('uwsgi', key, *options)


def gunicorn(key, *options):
    return value('gunicorn', key, *options)


# --- addresses -----------------------------------------------------------------------------------

@pytest.mark.parametrize('address, expected', [
    (':8000', 'http://0.0.0.0:8000'), ('127.0.0.1:80', 'http://127.0.0.1:80'),
    ('[::1]:80', 'http://[::1]:80'), ('[::]:80', 'http://:80'), ('*:80', 'http://0.0.0.0:80'),
    ('/run/a.sock', 'http+unix:/run/a.sock'), ('@name', 'http+unix:@name'),
    ('a.sock', 'http+unix:a.sock'), ('unix:/run/a.sock', 'http+unix:/run/a.sock'),
    ('unix:///run/a.sock', 'http+unix:/run/a.sock'), ('8000', 'http://0.0.0.0:8000'),
    ('0.0.0.0:${PORT:-80}', 'http://0.0.0.0:${PORT:-80}'), (':${PORT}', 'http://0.0.0.0:${PORT}'),
    ('${HOST:-::1}:80', 'http://${HOST:-::1}:80'), ('${BIND:-a:1}', 'http://${BIND:-a:1}')])
def test_addresses_of_uwsgi(address, expected):
    assert translate('http', address)[0] == expected


@pytest.mark.parametrize('address, expected', [
    ('localhost', 'localhost:8000'), ('1.2.3.4:80', '1.2.3.4:80'), ('tcp://[::]:80', '[::]:80'),
    ('[::1]', '[::1]:8000'), ('unix:/a', 'unix:/a'), (':80', ':80'),
    ('${BIND}', '${BIND}')])
def test_addresses_of_gunicorn(address, expected):
    assert gunicorn_address(address) == expected


def test_wildcards_of_one_port_become_one():
    both = [listener('http', '0.0.0.0:80', 'a'), listener('http', '[::]:80', 'b'),
            listener('http', '127.0.0.1:81', 'c'), listener('uwsgi', '0.0.0.0:82', 'd')]
    assert [entry.address for entry in without_collisions(both)] == [
        'http://:80', 'http://127.0.0.1:81', 'uwsgi://0.0.0.0:82']


def test_inherited_descriptors_are_left_out():
    draft = drafted('uwsgi', 'socket=fd://3', 'module=app')
    assert draft.listeners == [] and 'inherited' in draft.left_out[0].because


def test_a_socket_may_speak_http():
    draft = drafted('uwsgi', 'socket=:1', 'protocol=http')
    assert draft.listeners[0].address == 'http://0.0.0.0:1'
    assert drafted('uwsgi', 'socket=:1', 'protocol=https').is_less_guarded()


# --- uWSGI ---------------------------------------------------------------------------------------

@pytest.mark.parametrize('options, key, expected', [
    (['module=a'], 'app.module', 'a:application'), (['module=a:b'], 'app.module', 'a:b'),
    (['wsgi-file=a.py', 'callable=c'], 'app.module', 'a.py:c'),
    (['mount=/=a', 'callable=c'], 'app.module', 'a:c'),
    (['mount=/x/=a.py'], 'app.mounts', {'/x': 'a.py'}),
    (['mount=/x=a', 'callable=c'], 'app.mounts', {'/x': 'a:c'}),
    (['workers=2', 'processes=3'], 'workers.processes', 3), ([], 'workers.processes', 1),
    (['processes=9999'], 'workers.processes', 500), (['gevent=7'], 'workers.cores', 7),
    (['gevent=7x'], 'workers.cores', 7), (['processes=${N:-2}'], 'workers.processes', '${N:-2}'),
    ([], 'app.preload', True), (['lazy-apps=1'], 'app.preload', False),
    (['lazy-apps=false'], 'app.preload', True),
    (['gevent=1'], 'app.monkey-patch', 'none'), ([], 'app.monkey-patch', 'before-load'),
    (['gevent=1', 'gevent-monkey-patch=true'], 'app.monkey-patch', 'before-start'),
    (['gevent-monkey-patch=1', 'gevent-early-monkey-patch=1'], 'app.monkey-patch', 'before-load'),
    (['harakiri=0'], 'limits.request-time', '0s'),
    (['harakiri=${T}'], 'limits.request-time', '${T}s'),
    (['buffer-size=65536'], 'limits.request-head', '64KiB'),
    (['buffer-size=100'], 'limits.request-head', '1KiB'),
    (['reload-on-rss=512'], 'workers.reload-on-rss', '512MiB'),
    (['cheaper=2', 'processes=4'], 'workers.cheaper', 2), (['cheaper=4'], 'workers.cheaper', None),
    (['disable-logging=true'], 'log.access', 'off'), ([], 'log.access', 'uwsgi'),
    (['disable-logging=false'], 'log.access', 'uwsgi'),
    (['log-format=%(uri) %(x)'], 'log.access', '${uri} ${logvar.x}'),
    (['stats=:9191'], 'metrics.uwsgi-stats', '0.0.0.0:9191'),
    (['daemonize=/var/log/a'], 'log.file', '/var/log/a'), (['logger=file:/a'], 'log.file', '/a'),
    (['http-keepalive=1'], 'limits.keep-alive', None),
    (['http-keepalive=9'], 'limits.keep-alive', '9s'),
    (['env=A=b=c', 'env=D'], 'app.environment', {'A': 'b=c', 'D': ''}),
    (['timer=3 10'], 'timers', [{'every': '10s', 'signal': 3}]),
    (['touch-signal=/a b 3'], 'monitors', [{'path': '/a b', 'signal': 3}])])
def test_options_of_uwsgi(options, key, expected):
    assert uwsgi(key, *options) == expected


def test_a_unix_socket_belongs_to_the_user_as_under_uwsgi():
    keys = drafted('uwsgi', 'socket=/a', 'uid=web', 'gid=www', 'chmod-socket=').listeners[0].keys
    assert (keys['owner'].value, keys['mode'].value) == ('web:www', '666')
    assert keys['trusted-proxies'].value == ['unix']


@pytest.mark.parametrize('option', ['chroot=/x', 'limit-as=1', 'https=:1,a,b', 'cap=net_raw',
                                    'harakiri=soon', 'add-gid=x', 'unshare=ipc'])
def test_what_protects_is_told(option):
    assert drafted('uwsgi', option).is_less_guarded()


@pytest.mark.parametrize('option', ['static-map=/a=b', 'mule=1', 'cache2=name=a', 'no_such=1'])
def test_what_only_serves_does_not_protect(option):
    draft = drafted('uwsgi', option)
    assert draft.left_out and not draft.is_less_guarded()


def test_what_is_switched_off_is_not_missed():
    assert drafted('uwsgi', 'log-5xx=false', 'http-websockets=off').left_out == []
    assert drafted('gunicorn', ('certfile', None), ('statsd_host', None)).left_out == []


# --- gunicorn ------------------------------------------------------------------------------------

@pytest.mark.parametrize('options, key, expected', [
    ([], 'workers.processes', '${WEB_CONCURRENCY:-1}'), ([], 'workers.cores', 1000),
    ([], 'app.preload', False), ([], 'limits.kill-blocked-hub', '30s'),
    ([], 'limits.keep-alive', '2s'), ([], 'limits.drain-requests', '30s'),
    ([], 'log.access', 'off'),
    ([('timeout', 0)], 'limits.kill-blocked-hub', '0s'), ([('workers', 3)], 'workers.processes', 3),
    ([('preload_app', True)], 'app.preload', True),
    ([('wsgi_app', 'a')], 'app.module', 'a:application'),
    ([('wsgi_app', 'a:b()')], 'app.module', 'a:b()'),
    ([('wsgi_app', "a:b('x', y=2)")], 'app.module', 'geventd_app:application'),
    ([('wsgi_app', 'a:b(c)')], 'app.module', None),
    ([('accesslog', '-')], 'log.access', 'combined'), ([('errorlog', '-')], 'log.file', 'stderr'),
    ([('accesslog', '-'), ('access_log_format', '%(h)s %({x-id}i)s %({y}e)s')], 'log.access',
     '${client} ${var.HTTP_X_ID} ${var.Y}'),
    ([('limit_request_line', 100), ('limit_request_fields', 1)], 'limits.request-head', '8290B'),
    ([('limit_request_line', 0)], 'limits.request-head', '16MiB'),
    ([('loglevel', 'CRITICAL')], 'log.level', 'error'), ([('user', 0)], 'process.user', None),
    ([('user', 'web')], 'process.user', 'web'), ([('umask', '022')], 'process.umask', '022'),
    ([('umask', 0o27)], 'process.umask', '027'), ([('umask', 0)], 'process.umask', None),
    ([('raw_env', ['A=b', 'C=d=e'])], 'app.environment', {'A': 'b', 'C': 'd=e'}),
    ([('reload', True)], 'app.reload-on-change', True)])
def test_settings_of_gunicorn(options, key, expected):
    assert gunicorn(key, *options) == expected


@pytest.mark.parametrize('umask, mode', [(None, '0777'), (0o007, '0770'), ('0117', '0660')])
def test_the_mode_of_gunicorns_unix_sockets(umask, mode):
    options = [('bind', 'unix:/a')] + ([('umask', umask)] if umask is not None else [])
    assert drafted('gunicorn', *options).listeners[0].keys['mode'].value == mode


@pytest.mark.parametrize('allowed, trusted', [
    (None, ['127.0.0.1', '::1']), ('*', ['0.0.0.0/0', '::/0']),
    ('10.0.0.1, 10.0.0.2', ['10.0.0.1', '10.0.0.2'])])
def test_whom_gunicorn_trusts(allowed, trusted):
    options = [('forwarded_allow_ips', allowed)] if allowed else []
    assert drafted('gunicorn', *options).listeners[0].keys['trusted-proxies'].value == trusted


def test_what_comes_from_a_missing_package_is_left_out():
    draft = drafted('gunicorn', ('workers', {'missing': 'other.make()'}))
    assert 'comes from other.make(), which is not installed' in draft.left_out[0].because


def test_a_factory_with_arguments_gets_a_module_that_runs():
    source = drafted('gunicorn', ('wsgi_app', "a:make('x', y=2)")).files['geventd_app.py']
    assert source == "from a import make\n\napplication = make('x', y=2)"


def test_the_access_log_has_one_place_with_the_log():
    draft = drafted('gunicorn', ('accesslog', '/a.log'), ('errorlog', '/b.log'))
    assert draft.settings['log.file'].value == '/b.log'
    assert [left.option.name for left in draft.left_out] == ['accesslog']


def test_what_an_access_log_lacks_is_told():
    assert log_formats.from_gunicorn('%(h)s %({x}o)s 100%%') == ('${client} - 100%', ['%({x}o)s'])
    assert log_formats.from_uwsgi('%(uri) %(metric.a)') == ('${uri} -', ['%(metric.a)'])


# --- the text ------------------------------------------------------------------------------------

def test_a_comment_stands_beside_its_key_or_above():
    draft = Draft()
    draft.set('app.module', 'a', 'short')
    draft.set('app.chdir', '/x', 'long ' * 30)
    lines = write(draft, 'x', 'uwsgi').splitlines()
    assert '  module: a  # short' in lines and '  chdir: /x' in lines
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.parametrize('text', ['yes', '0660', '1e3', '', ' a', 'a: b', 'a #b', '- a', "it's",
                                  '"q"', 'ü', '{a}', '%x', '*x', '&x', '!x', '1:20', '0x1f', 'a:'])
def test_texts_that_yaml_would_take_for_something_else_are_quoted(text):
    yaml = pytest.importorskip('yaml')
    draft = Draft()
    draft.set('app.chdir', text, 'why # not')
    draft.set('app.python-path', [text, 'plain'], '')
    draft.put('app.environment', 'A', text, '')
    app = yaml.safe_load(write(draft, 'x', 'uwsgi'))['app']
    assert app == {'chdir': text, 'python-path': [text, 'plain'], 'environment': {'A': text}}


ECHO = '''
import os


def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [os.environ['ODD'].encode()]
'''


def test_an_odd_value_arrives_as_it_was(make_server):
    server = make_server()
    server.write_app(ECHO)
    (server.folder / 'uwsgi.ini').write_text(
        f'[uwsgi]\nhttp = 127.0.0.1:0\nchdir = {server.folder}\nmodule = app\ngevent = 2\n'
        'env = ODD=a: \'b\' # "c" \\d ${HOME} %%(x) {e} ü, $(NEVER_SET:-f)\n')
    done = convert('uwsgi.ini', folder=server.folder)
    server.write_config(done.stdout)
    server.start(['-c', str(server.config_path), '--set', f'control={server.control_path}'])
    assert server.get().text == 'a: \'b\' # "c" \\d ${HOME} %(x) {e} ü, f'
