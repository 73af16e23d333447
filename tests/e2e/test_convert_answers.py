# SPDX-License-Identifier: MIT
"""What the converter makes of options: keys, values, reasons."""
import ast
import re

import pytest
from convert.model import Draft, Option
from convert.tables.addresses import gunicorn_address, listener, translate, without_repetitions
from convert.write import write

from harness.conversions import convert, drafted
from harness.limits import REPOSITORY


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
    ('[::1]:80', 'http://[::1]:80'), ('[::]:80', 'http://[::]:80'), ('*:80', 'http://0.0.0.0:80'),
    ('/run/a.sock', 'http+unix:/run/a.sock'), ('@name', 'http+unix:@name'),
    ('a.sock', 'http+unix:a.sock'), ('unix:/run/a.sock', 'http+unix:/run/a.sock'),
    ('unix:///run/a.sock', 'http+unix:/run/a.sock'), ('8000', 'http://0.0.0.0:8000'),
    ('0.0.0.0:${PORT:-80}', 'http://0.0.0.0:${PORT:-80}'), (':${PORT}', 'http://0.0.0.0:${PORT}'),
    ('${HOST:-::1}:80', 'http://${HOST:-::1}:80'), ('${BIND:-a:1}', 'http://${BIND:-a:1}')])
def test_addresses_of_uwsgi(address, expected):
    assert translate('http', address) == expected


@pytest.mark.parametrize('address, expected', [
    ('localhost', 'localhost:8000'), ('1.2.3.4:80', '1.2.3.4:80'), ('tcp://[::]:80', '[::]:80'),
    ('[::1]', '[::1]:8000'), ('unix:/a', 'unix:/a'), (':80', ':80'),
    ('${BIND}', '${BIND}')])
def test_addresses_of_gunicorn(address, expected):
    assert gunicorn_address(address) == expected


def test_an_address_that_is_given_twice_is_one():
    both = [listener('http', '0.0.0.0:80', 'a'), listener('http', '[::]:80', 'b'),
            listener('http', ':80', 'c'), listener('uwsgi', '0.0.0.0:82', 'd')]
    kept = without_repetitions(both)
    assert [entry.address for entry in kept] == [
        'http://0.0.0.0:80', 'http://[::]:80', 'uwsgi://0.0.0.0:82']
    assert kept[0].comments == ['a', 'c']


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
    (['processes=' + '9' * 5000], 'workers.processes', 500), (['gevent=7'], 'workers.cores', 7),
    (['gevent=7x'], 'workers.cores', 7), (['processes=${N:-2}'], 'workers.processes', '${N:-2}'),
    (['processes=cpus'], 'workers.processes', 'auto'),
    (['processes=2*cpus+1'], 'workers.processes', '2*cpus+1'),
    (['processes=cpus!'], 'workers.processes', 1),
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
    (['websockets-ping-freq=20'], 'limits.websocket-ping', '20s'),
    (['websockets-pong-tolerance=5'], 'limits.websocket-pong', '5s'),
    (['websockets-max-size=300'], 'limits.websocket-message', '300KiB'),
    (['websocket-max-size=2048'], 'limits.websocket-message', '2MiB'),
    (['cheaper=2', 'processes=4'], 'workers.cheaper', 2), (['cheaper=4'], 'workers.cheaper', None),
    (['import=a', 'shared-import=b/c.py', 'early-pyimport=d'], 'app.before-load',
     ['a', 'b/c.py', 'd']),
    (['ini-paste=a.ini'], 'app.module', 'paste:a.ini'),
    (['paste=config:/a.ini', 'paste-name=b', 'module=x'], 'app.module', 'paste:/a.ini#b'),
    (['paste=config:/a.ini#c', 'paste-name=b'], 'app.module', 'paste:/a.ini#c'),
    (['paste=egg:shop', 'module=x'], 'app.module', 'x:application'),
    (['touch-chain-reload=/a'], 'reload.strategy', 'rolling'),
    (['touch-reload=/a'], 'reload.strategy', None), (['umask=027'], 'process.umask', '027'),
    (['stats=:9191'], 'metrics.uwsgi-stats', '0.0.0.0:9191'),
    (['http-keepalive=1'], 'limits.keep-alive', None),
    (['http-keepalive=9'], 'limits.keep-alive', '9s'),
    (['env=A=b=c', 'env=D'], 'app.environment', {'A': 'b=c', 'D': ''}),
    (['timer=3 10'], 'timers', [{'every': '10s', 'signal': 3}]),
    (['touch-signal=/a b 3'], 'monitors', [{'path': '/a b', 'signal': 3}])])
def test_options_of_uwsgi(options, key, expected):
    assert uwsgi(key, *options) == expected


@pytest.mark.parametrize('options, mode, owner', [
    ([], None, None), (['uid=web', 'gid=www'], None, None),  # which are geventd's own
    (['uid=web', 'gid=www', 'chmod-socket='], '666', 'web:www'),
    (['uid=web', 'chmod-socket=664'], '664', 'web'), (['umask=002'], '0775', None),
    (['uid=web', 'daemonize=/a.log'], '0777', 'web'),
    (['daemonize=/a.log', 'umask=077'], '0700', None),
    (['uid=web', 'chown-socket=a:b'], None, 'a:b')])
def test_who_may_connect_to_a_unix_socket_of_uwsgi(options, mode, owner):
    keys = drafted('uwsgi', 'socket=/a', *options).listeners[0].keys
    assert [keys[name].value if name in keys else None for name in ('mode', 'owner')] == [
        mode, owner]
    assert keys['trusted-proxies'].value == ['unix']


@pytest.mark.parametrize('option', ['chroot=/x', 'limit-as=1', 'https=:1,a', 'cap=net_raw',
                                    'harakiri=soon', 'add-gid=x', 'unshare=ipc',
                                    'static-skip-ext=.php'])
def test_what_protects_is_told(option):
    assert drafted('uwsgi', option).is_less_guarded()


@pytest.mark.parametrize('option', ['static-safe=/a', 'mule=1', 'cache2=name=a', 'no_such=1'])
def test_what_only_serves_does_not_protect(option):
    draft = drafted('uwsgi', option)
    assert draft.left_out and not draft.is_less_guarded()


def entry(path, root, **more):
    return {'path': path, 'root': root, 'fallback': 'application', 'index': 'none', **more}


SPA = 'static-map=/=/w'
API = {'path': '/api', 'fallback': 'application'}


@pytest.mark.parametrize('options, entries', [
    (['static-map=/s=/srv/s'], [entry('/s', '/srv/s')]),
    (['static-map=s/=/srv/s/'], [entry('/s', '/srv/s')]),
    (['static-map2=/s=/srv'], [entry('/s', '/srv/s')]),
    (['check-static=/srv/s'], [entry('/', '/srv/s')]),
    (['static-map=/=/'], [entry('/', '/')]),
    (['static-map=/s=s'], [entry('/s', 's')]),
    (['static-map=/s=s', 'chdir=/srv'], [entry('/s', '/srv/s')]),
    (['static-map=/s=${HOME}/s', 'chdir=/srv'], [entry('/s', '${HOME}/s')]),
    (['static-map=/a=/a', 'static-map=/b=/b', 'static-map=/a=/c'],
     [entry('/a', '/a'), entry('/b', '/b')]),
    (['static-map=/a'], None), (['static-map=/favicon.ico=/srv/icon.ico'], None),
    (['static-index=a.html', 'static-map=/s=/s', 'static-index=b.html'],
     [entry('/s', '/s', index='a.html')]),
    (['static-map=/s=/s', 'static-map=/t=/t', 'static-expires-uri=^/s/.* 60'],
     [entry('/s', '/s', **{'cache-control': 'max-age=60'}), entry('/t', '/t')]),
    (['static-map=/s=/s', 'static-expires=/* 60'],
     [entry('/s', '/s', **{'cache-control': 'max-age=60'})]),
    (['static-map=/s=/s', 'static-expires=.*\\.js 60'], [entry('/s', '/s')]),
    ([SPA, 'route=^(?!\\/api)[^\\.]*$ static:/w/index.html'],
     [entry('/', '/w') | {'fallback': 'index.html', 'index': 'index.html'}, API]),
    ([SPA, 'route=^(?!/(api|v1/x))(.*)$ static:/w/a/index.html'],
     [entry('/', '/w') | {'fallback': 'a/index.html'}, API,
      {'path': '/v1/x', 'fallback': 'application'}]),
    ([SPA, 'route=.* static:/w/index.html'],
     [entry('/', '/w') | {'fallback': 'index.html', 'index': 'index.html'}]),
    ([SPA, 'route-uri=^/$ static:/w/index.html'], [entry('/', '/w', index='index.html')]),
    ([SPA, 'route=^/x static:/w/index.html'], [entry('/', '/w')]),
    ([SPA, 'route=.* static:/elsewhere/index.html'], [entry('/', '/w')])])
def test_static_files_of_uwsgi(options, entries):
    assert uwsgi('static', *options) == entries


@pytest.mark.parametrize('options, why', [
    (['static-map=/a'], '/prefix=folder'), (['static-map=/a.ico=/b.ico'], 'a single file'),
    (['static-map=/a=/a', 'static-map=/a=/c'], 'one folder for /a'),
    (['static-map=/a=/a', 'static-index=x', 'static-index=y'], 'one index'),
    (['static-index=x'], 'no static files'), (['mimefile=/srv/types'], 'built in'),
    (['static-expires-type=text/css=60'], 'by their type'),
    (['static-map=/s=/s', 'static-expires=.*\\.js 60'], 'by an expression'),
    (['check-static-docroot=1'], 'no proxy'), (['static-skip-ext=.php'], 'hidden'),
    ([SPA, 'route=^/x static:/w/index.html'], 'no rules'), (['route=^/x log:x'], 'no rules')])
def test_static_files_of_uwsgi_that_are_left_out(options, why):
    assert why in drafted('uwsgi', *options).left_out[0].because


@pytest.mark.parametrize('option', [
    'static-gzip-all=1', 'static-cache-paths=9', 'honour-range=1', 'offload-threads=2',
    'fileserve-mode=nginx', 'mimefile=/etc/mime.types'])
def test_static_files_of_uwsgi_need_no_more(option):
    draft = drafted('uwsgi', option)
    assert draft.left_out == [] and len(draft.built_in) == 1


@pytest.mark.parametrize('option, place', [
    ('hook-post-fork=exec:true', 'hooks.post-fork: module:function'),
    ('hook-accepting1=print:x', 'hooks.post-fork: module:function'),
    ('hook-as-user=exec:true', 'ExecStartPre='), ('exec-pre-app=true', 'not app.before-load'),
    ('hook-as-user-atexit=exec:true', 'hooks.worker-exit'), ('hook-touch=/a exec:b', 'monitors'),
    ('wait-for-socket=:1', 'After='), ('after-request-hook=f', 'uwsgi.after_req_hook')])
def test_hooks_of_uwsgi_have_a_place(option, place):
    assert place in drafted('uwsgi', option).left_out[0].instead


def test_what_is_switched_off_is_not_missed():
    assert drafted('uwsgi', 'log-big=false', 'http-manage-rtsp=off').left_out == []
    assert drafted('gunicorn', ('certfile', None), ('statsd_host', None)).left_out == []


# --- gunicorn ------------------------------------------------------------------------------------

@pytest.mark.parametrize('options, key, expected', [
    ([], 'workers.processes', '${WEB_CONCURRENCY:-1}'), ([], 'workers.cores', 1000),
    ([], 'app.preload', False), ([], 'limits.kill-blocked-hub', '30s'),
    ([], 'limits.keep-alive', '2s'), ([], 'limits.drain-requests', '30s'),
    ([('workers', 'cpus*2+1')], 'workers.processes', 'cpus*2+1'),
    ([('workers', '${N:-cpus}')], 'workers.processes', '${N:-cpus}'),
    ([('timeout', 0)], 'limits.kill-blocked-hub', '0s'), ([('workers', 3)], 'workers.processes', 3),
    ([('preload_app', True)], 'app.preload', True),
    ([('wsgi_app', 'a')], 'app.module', 'a:application'),
    ([('wsgi_app', 'a:b()')], 'app.module', 'a:b()'),
    ([('wsgi_app', "a:b('x', y=2)")], 'app.module', "a:b('x', y=2)"),
    ([('wsgi_app', 'a:b(c)')], 'app.module', None),
    ([('wsgi_app', 'a:b(**{})')], 'app.module', None),
    ([('paste', 'a.ini#b')], 'app.module', 'paste:a.ini#b'),
    ([('wsgi_app', 'a'), ('raw_env', ['SCRIPT_NAME=/x', 'A=b'])], 'app.mounts',
     {'/x': 'a:application'}),
    ([('wsgi_app', 'a'), ('raw_env', ['SCRIPT_NAME=/x'])], 'app.module', None),
    ([('limit_request_line', 100), ('limit_request_fields', 1)], 'limits.request-head', '8290B'),
    ([('limit_request_line', 0)], 'limits.request-head', '16MiB'),
    ([('user', 0)], 'process.user', None),
    ([('user', 'web')], 'process.user', 'web'), ([('umask', '022')], 'process.umask', '022'),
    ([('umask', 0o27)], 'process.umask', '027'), ([('umask', 0)], 'process.umask', None),
    ([('raw_env', ['A=b', 'C=d=e'])], 'app.environment', {'A': 'b', 'C': 'd=e'}),
    ([('reload', True)], 'app.reload-on-change', True)])
def test_settings_of_gunicorn(options, key, expected):
    assert gunicorn(key, *options) == expected


@pytest.mark.parametrize('umask, mode', [(None, '0777'), (0o007, '0770'), ('0117', '0660')])
def test_who_may_connect_to_a_unix_socket_of_gunicorn(umask, mode):
    options = [('bind', 'unix:/a')] + ([('umask', umask)] if umask is not None else [])
    assert drafted('gunicorn', *options).listeners[0].keys['mode'].value == mode
    keys = drafted('gunicorn', *options, ('user', 'web'), ('group', 'www')).listeners[0].keys
    assert keys['owner'].value == 'web:www'


@pytest.mark.parametrize('allowed, trusted', [
    (None, ['127.0.0.1', '::1']), ('*', ['0.0.0.0/0', '::/0']),
    ('10.0.0.1, 10.0.0.2', ['10.0.0.1', '10.0.0.2'])])
def test_whom_gunicorn_trusts(allowed, trusted):
    options = [('forwarded_allow_ips', allowed)] if allowed else []
    assert drafted('gunicorn', *options).listeners[0].keys['trusted-proxies'].value == trusted


def test_what_comes_from_a_missing_package_is_left_out():
    draft = drafted('gunicorn', ('workers', {'missing': 'other.make()'}))
    assert 'comes from other.make(), which is not installed' in draft.left_out[0].because


def hooks(*options):
    """{key: value} of what the hooks become, and the places that are told for the others."""
    draft = drafted('gunicorn', *options)
    keys = {key: setting.value for key, setting in draft.settings.items()
            if key.startswith('hooks.') or key == 'app.before-load'}
    return keys, [left.instead.partition(' ')[0].rstrip(':') for left in draft.left_out]


CALL = {'hook': 'f', 'calls': ['a:f']}
TWO_CALLS = {'hook': 'f', 'calls': ['a:f', 'b:g']}
OTHER = {'hook': 'f', 'calls': []}


@pytest.mark.parametrize('options, expected', [
    ([('post_fork', CALL)], ({'app.before-load': ['a:f']}, [])),
    ([('post_fork', TWO_CALLS)], ({'app.before-load': ['a:f', 'b:g']}, [])),
    ([('post_fork', CALL), ('preload_app', True)], ({'hooks.post-fork': 'a:f'}, [])),
    ([('post_fork', TWO_CALLS), ('preload_app', True)], ({}, ['hooks.post-fork'])),
    ([('post_fork', OTHER)], ({}, ['hooks.post-fork'])),
    ([('post_worker_init', CALL)], ({'hooks.post-fork': 'a:f'}, [])),
    ([('post_worker_init', CALL), ('post_fork', CALL), ('preload_app', True)],
     ({'hooks.post-fork': 'a:f'}, ['hooks.post-fork'])),
    ([('worker_int', CALL)], ({'hooks.drain-begins': 'a:f'}, [])),
    ([('worker_exit', OTHER)], ({}, ['hooks.worker-exit'])),
    ([('child_exit', OTHER)], ({}, ['hooks.worker-died'])),
    ([('when_ready', OTHER)], ({}, ['Type=notify'])),
    ([('on_starting', CALL)], ({}, ['ExecStartPre='])),
    ([('post_fork', None), ('worker_int', None)], ({}, []))])
def test_hooks_of_gunicorn(options, expected):
    assert hooks(*options) == expected


# --- the text ------------------------------------------------------------------------------------

def test_a_comment_stands_beside_its_key_or_above():
    draft = Draft()
    draft.set('app.module', 'a', 'short')
    draft.set('app.chdir', '/x', 'long ' * 30)
    lines = write(draft, 'x', 'uwsgi').splitlines()
    assert '  module: a  # short' in lines and '  chdir: /x' in lines
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.parametrize('text', ['yes', '0660', '1e3', '', ' a', 'a: b', 'a #b', '- a', "it's",
                                  '"q"', 'ü', '{a}', '%x', '*x', '&x', '!x', '1:20', '0x1f', 'a:',
                                  'a\n', '1\n', 'true\n', 'a\x1b[m', '\x7f', '\x9b', '\u202e'])
def test_texts_that_yaml_would_take_for_something_else_are_quoted(text):
    yaml = pytest.importorskip('yaml')
    draft = Draft()
    draft.set('app.chdir', text, 'why # not')
    draft.set('app.python-path', [text, 'plain'], '')
    draft.put('app.environment', 'A', text, '')
    app = yaml.safe_load(write(draft, 'x', 'uwsgi'))['app']
    assert app == {'chdir': text, 'python-path': [text, 'plain'], 'environment': {'A': text}}


def test_comments_are_no_lines_of_their_own_and_hold_no_controls():
    line = 'a = \x1b]0;x\x07\u202e \udcff\n#b\u2028c'
    draft = Draft(remarks=[line])
    draft.set('app.chdir', '/x', line)
    draft.set('app.module', 'm', line * 9)
    draft.built_in.append((Option('a', '', line), 'why'))
    draft.leave_out(Option('a', '', line), 'why')
    text = write(draft, line, 'uwsgi')
    assert text.replace('\n', '').isprintable()
    unwrapped = re.sub(r'\n *# *', ' ', text)
    assert unwrapped.count(r'a = \x1b]0;x\x07\u202e \xff #b c') == 14


def keys_of_the_tables():
    """All keys that stand in the tables' source as texts of their own."""
    documented = set(re.findall(r'^\| `([a-z.-]+)`', (REPOSITORY / 'docs/configuration.md')
                                .read_text(), re.M)) | {'timers', 'monitors', 'static'}
    found = {node.value for path in (REPOSITORY / 'master/ctl/convert/tables').glob('*.py')
             for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return sorted(key for key in documented & found
                  if '.' in key and not key.startswith(('listen.', 'static.'))
                  or key in ('timers', 'monitors', 'static'))


def test_every_key_of_the_tables_is_written():
    keys = keys_of_the_tables()
    assert len(keys) > 40
    draft = Draft()
    for key in keys:
        draft.set(key, 'x', f'from {key}.')
    text = write(draft, 'x', 'uwsgi')
    assert [key for key in keys if f'x  # from {key}.' not in text] == []


def test_a_key_without_a_place_is_not_dropped_silently():
    draft = Draft()
    draft.set('app.no-such', 'x', '')
    with pytest.raises(LookupError, match='no place for app.no-such'):
        write(draft, 'x', 'uwsgi')


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
