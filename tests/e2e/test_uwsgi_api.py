# SPDX-License-Identifier: MIT
"""The module uwsgi inside an application: what it reports of the server and its workers, in uWSGI's
types (bytes texts, str keys), and what it refuses."""
import ast
import os
import pathlib
import re
import signal
import socket

import pytest

from harness import procfs
from harness.evaluate import application, ask
from harness.limits import DEADLINE

AT_IMPORT = 'at_import = (uwsgi.worker_id(), uwsgi.ready(), uwsgi.masterpid())'
EVAL = application(AT_IMPORT)


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(EVAL, {'workers': {'processes': 2, 'cores': 7},
                                'limits': {'request-head': '32KiB'},
                                'listen': ['http://127.0.0.1:0', 'uwsgi+unix:app.sock']})


def test_attributes_have_uwsgis_types(running):
    assert ask(running, '[uwsgi.version, uwsgi.version_info, uwsgi.loop, uwsgi.has_threads]') == [
        b'2.0.30', (2, 0, 30, 0, b''), b'gevent', 1]
    assert ask(running, 'uwsgi.hostname') == os.uname().nodename.encode()
    assert ask(running, '[uwsgi.numproc, uwsgi.cores, uwsgi.buffer_size]') == [2, 7, 32768]
    assert ask(running, '[uwsgi.SPOOL_OK, uwsgi.SPOOL_RETRY, uwsgi.SPOOL_IGNORE]') == [-2, -1, 0]
    assert ask(running, 'uwsgi.is_a_reload') is False
    assert ask(running, 'environ["uwsgi.version"] == uwsgi.version') is True


def test_the_pidfile_is_there_if_there_is_one(running, server):
    assert ask(running, 'hasattr(uwsgi, "pidfile")') is False
    with_one = server(EVAL, {'process': {'pidfile': 'own.pid'}})
    assert ask(with_one, 'uwsgi.pidfile') == str(with_one.folder / 'own.pid').encode()
    assert ask(with_one, 'int(open(uwsgi.pidfile).read()) == uwsgi.masterpid()') is True


def test_opt_names_the_settings_as_uwsgi_does(running):
    opt = ask(running, 'uwsgi.opt')
    assert opt['master'] is True and opt['disable-logging'] is True
    assert opt['processes'] == b'2' and opt['gevent'] == b'7' and opt['buffer-size'] == b'32768'
    assert opt['module'] == b'app:application' and opt['chdir'] == str(running.folder).encode()
    assert opt['http-socket'].startswith(b'127.0.0.1:') and opt['socket'].endswith(b'app.sock')
    assert 'lazy-apps' not in opt


def test_sentry_takes_the_forks_for_safe(running):
    """What sentry_sdk asks before it warns of crashing workers."""
    opt = ask(running, 'uwsgi.opt')
    assert opt['enable-threads'] is True and opt['py-call-uwsgi-fork-hooks'] is True


def test_the_magic_table_names_the_configuration(running, make_server):
    table = ask(running, 'uwsgi.magic_table')
    path = os.fsencode(running.config_path)
    assert table[b'p'] == table[b'P'] == path and os.path.isabs(path)
    assert (table[b'd'] + table[b'n'] + b'.' + table[b'e'], table[b's']) \
        == (path, os.path.basename(path))
    assert (table[b'V'], table[b'h']) == (b'2.0.30', os.uname().nodename.encode())
    assert (table[b'u'], table[b'g']) == (b'%d' % os.getuid(), b'%d' % os.getgid())
    assert table[b't'].isdigit() and table[b'k'].isdigit()


def test_opt_has_the_units_of_uwsgi(server):
    running = server(EVAL, {
        'app': {'python-path': ['one', 'two'], 'environment': {'OWN': 'value'}},
        'workers': {'max-requests': 1000, 'max-lifetime': '2h', 'reload-on-rss': '512MiB'},
        'limits': {'request-body': '1MiB', 'drain-requests': '7s'},
        'log': {'access': '${uri}'}})
    opt = ask(running, 'uwsgi.opt')
    wanted = {'max-requests': b'1000', 'max-worker-lifetime': b'7200', 'reload-on-rss': b'512',
              'limit-post': b'1048576', 'worker-reload-mercy': b'7', 'log-format': b'${uri}',
              'pythonpath': b'two', 'env': b'OWN=value'}
    assert {name: opt.get(name) for name in wanted} == wanted
    assert 'disable-logging' not in opt and 'max-requests-delta' not in opt


def test_opt_of_an_application_in_files(server):
    running = server(EVAL, {'app': {'module': 'app.py', 'mounts': {'/api': 'app:application'}}})
    opt = ask(running, 'uwsgi.opt')
    assert opt['wsgi-file'] == b'app.py' and opt['mount'] == b'/api=app:application'
    assert 'module' not in opt
    assert sorted(ask(running, 'list(uwsgi.applications)')) == ['', '/api']
    assert [row['mountpoint'] for row in ask(running, 'uwsgi.workers()[0]["apps"]')] == [
        b'', b'/api']


def test_sockets_are_the_listening_descriptors(running):
    numbers = ask(running, '[uwsgi.sockets, [os.readlink(f"/proc/self/fd/{fd}")[:7] for fd in '
                           'uwsgi.sockets]]')
    assert len(numbers[0]) == 2 and numbers[1] == ['socket:'] * 2


def test_applications_hold_what_serves(running):
    assert ask(running, 'uwsgi.applications[""] is application and len(uwsgi.applications)') == 1


def test_processes(running):
    assert ask(running, 'uwsgi.masterpid()') == running.pid
    assert ask(running, 'uwsgi.worker_id()') in (1, 2)
    assert ask(running, 'uwsgi.mule_id()') == 0
    assert ask(running, 'uwsgi.ready()') is True
    started = ask(running, '[uwsgi.started_on, os.stat(f"/proc/{uwsgi.masterpid()}").st_ctime]')
    assert isinstance(started[0], int) and abs(started[0] - started[1]) < 10
    rss, vsz = ask(running, 'uwsgi.mem()')
    assert 1 << 20 < rss < vsz


def test_while_the_application_loads_there_is_a_master_and_no_worker(running):
    assert ask(running, 'at_import') == (0, None, running.pid)


def test_workers_are_told_from_the_scoreboard(running):
    def counted(status):  # a request is counted a moment after its response
        return sum(worker['requests'] for worker in status['workers'])

    first = counted(running.wait_status(
        lambda status: not any(worker['cores_busy'] for worker in status['workers'])))
    for _ in range(20):
        assert len(running.get('/').text) > 0
    running.wait_status(lambda status: counted(status) == first + 20)
    before = ask(running, 'uwsgi.total_requests()')
    running.wait_status(lambda status: counted(status) == first + 21)
    rows = ask(running, 'uwsgi.workers()')
    assert [row['id'] for row in rows] == [1, 2]
    assert {row['pid'] for row in rows} == set(running.workers())
    assert sum(row['requests'] for row in rows) == before + 1 and before >= 20
    assert b'busy' in {row['status'] for row in rows} <= {b'busy', b'idle'}
    for row in rows:
        assert set(row) == {
            'id', 'pid', 'requests', 'delta_requests', 'signals', 'exceptions', 'status', 'rss',
            'vsz', 'running_time', 'last_spawn', 'respawn_count', 'tx', 'avg_rt', 'apps'}
        assert 1 << 20 < row['rss'] < row['vsz']
        assert row['respawn_count'] == 0 and row['last_spawn'] > 1_600_000_000
        assert row['apps'][0]['mountpoint'] == b'' and row['apps'][0]['requests'] == row['requests']
        if row['requests']:
            assert row['tx'] > 100 * row['requests']
            assert row['running_time'] >= row['avg_rt'] > 0


def test_a_respawned_worker_is_counted(server):
    running = server(EVAL)
    running.expect_error('died')
    pid = running.workers()[0]
    os.kill(pid, signal.SIGKILL)
    running.wait_workers(1, without=[pid])
    row, = ask(running, 'uwsgi.workers()')
    assert row['respawn_count'] == 1 and row['pid'] != pid


def test_a_recycled_worker_is_counted_too(server):
    running = server(EVAL, {'workers': {'max-requests': 1}})
    pid = ask(running, 'os.getpid()')
    assert procfs.wait_gone(pid, DEADLINE)  # until it is told to end it may accept
    running.wait_workers(1, without=[pid])
    assert ask(running, 'uwsgi.workers()[0]["respawn_count"]') == 1


def test_listen_queue(running):
    assert ask(running, 'uwsgi.listen_queue()') == 0
    assert 'ValueError' in ask(running, 'uwsgi.listen_queue(1)')  # a unix socket
    assert 'ValueError' in ask(running, 'uwsgi.listen_queue(2)')
    assert 'ValueError' in ask(running, 'uwsgi.listen_queue(-1)')


def test_listen_queue_counts_who_waits(server):
    running = server(EVAL, {'workers': {'cores': 1}, 'listen': [
        {'address': 'http://127.0.0.1:0', 'expect': 'application'}]})
    clients = []
    try:
        # The only core is busy with this request, so others stay in the kernel's queue. They are
        # there when connect() returns, for which the second expression waits.
        with running.raw() as asker:
            asker.send(b'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n'
                       b'Content-Length: 20\r\n\r\n')
            asker.read_until(b'100 Continue\r\n\r\n')
            for _ in range(3):
                clients.append(socket.create_connection(running.address()))
            asker.send(b'uwsgi.listen_queue()')
            assert asker.read_answer().text == '3'
    finally:
        for client in clients:
            client.close()


def test_log_writes_one_line(running):
    assert ask(running, 'uwsgi.log("an own line\\nforged")') is True
    running.wait_log(r'info worker \d\[\d+\]: an own line$')
    assert 'forged' not in [line[:6] for line in running.log.lines()]


@pytest.mark.parametrize('title', ['short', 'a long title ' * 10])
def test_setprocname_changes_what_ps_shows(running, title):
    shown, home = ask(running, f'[uwsgi.setprocname({title!r}) or open("/proc/self/cmdline").read()'
                               ', os.environ["HOME"]]')
    assert shown.rstrip('\0') == title
    assert home == os.environ['HOME']
    assert ask(running, '__import__("subprocess").check_output(["sh", "-c", "echo $HOME"])') \
        == home.encode() + b'\n'


def test_the_accepting_mark_shows_in_the_status(server):
    running = server(EVAL)
    assert [worker['accepting'] for worker in running.status()['workers']] == [True]
    assert ask(running, 'uwsgi.accepting(0)') is None
    assert [worker['accepting'] for worker in running.status()['workers']] == [False]
    assert ask(running, 'uwsgi.accepting()') is None
    assert [worker['accepting'] for worker in running.status()['workers']] == [True]


def test_reload_and_stop(server):
    running = server(EVAL)
    since = running.log.mark()
    assert ask(running, 'uwsgi.reload()') is True
    running.wait_log('the application asks for a reload', since=since)
    running.wait_status(lambda status: status['reload']['result'] == 'done'
                        and [worker['generation'] for worker in status['workers']] == [2])
    assert ask(running, '[uwsgi.is_a_reload, uwsgi.ready()]') == [True, True]
    assert ask(running, 'at_import[1]') is True
    assert ask(running, 'uwsgi.stop()') is True
    assert running.wait_exit() == 0


@pytest.mark.parametrize('name', [
    'cache_get', 'cache_set', 'spool', 'nonsense'])
def test_names_that_libraries_probe_for_are_absent(running, name):
    assert ask(running, f'hasattr(uwsgi, {name!r})') is False


@pytest.mark.parametrize('call, advice', [
    ('rpc("node", "f")', 'geventd.signal'),
    ('sendfile("/etc/passwd")', 'wsgi.file_wrapper'), ('metric_inc("x")', 'prometheus_client'),
    ('mule_msg("x")', 'signal'), ('send_to_spooler({})', 'geventd.signal'),
    ('sharedarea_inc64(0, 0)', 'shared_memory'), ('snmp_incr_counter32(1)', 'prometheus_client'),
    ('queue_push("x")', 'signal'), ('micros()', 'time_ns')])
def test_what_is_not_offered_says_what_to_use_instead(running, call, advice):
    name = call.partition('(')[0]
    answer = ask(running, f'uwsgi.{call}')
    assert re.fullmatch(rf'NotImplementedError: uwsgi\.{name}\(\).*{re.escape(advice)}.*', answer)


@pytest.mark.parametrize('call, advice', [
    ('async_sleep(1)', 'gevent.sleep(seconds)'), ('suspend()', 'gevent.sleep(0)'),
    ('async_connect("x")', 'gevent.socket.create_connection'),
    ('wait_fd_read(0, 1)', 'gevent.socket.wait_read'),
    ('wait_fd_write(0)', 'gevent.socket.wait_write'), ('green_schedule()', 'gevent.sleep(0)')])
def test_uwsgis_own_waiting_is_refused_with_gevents_call(running, call, advice):
    answer = ask(running, f'uwsgi.{call}')
    assert answer.startswith('RuntimeError: uwsgi.' + call.partition('(')[0]) and advice in answer


def test_it_can_be_imported_by_workers_of_their_own_and_by_check(server, make_server):
    running = server(EVAL, {'app': {'preload': False}})
    assert ask(running, 'at_import[0]') == 1
    assert ask(running, 'uwsgi.opt["lazy-apps"]') is True
    checked = make_server()
    checked.write_app('import uwsgi, uwsgidecorators\nassert uwsgi.worker_id() == 0\n'
                      'assert uwsgi.masterpid() > 1\napplication = print\n')
    checked.write_config()
    checked.start(['-c', str(checked.config_path), '--check'], wait=False)
    assert checked.wait_exit() == 0, checked.log.text()


def test_modules_of_these_names_in_the_applications_folder_are_not_taken(server, make_server):
    made = make_server()
    for name in ('uwsgi', 'uwsgidecorators'):
        made.write_app('raise ImportError("not this one")', f'{name}.py')
    made.write_app(EVAL)
    made.write_config()
    made.start()
    assert ask(made, '__import__("uwsgidecorators").__spec__.origin') \
        == '<geventd>/uwsgidecorators.py'


def test_a_module_of_its_own_shows_its_source_in_tracebacks(running):
    running.expect_error('failed')
    source = '__import__("linecache").getline(uwsgi.__spec__.origin, 2, vars(uwsgi))'
    assert "uWSGI's Python API" in ask(running, source)


def test_the_stub_names_what_is_offered(running):
    stub = (pathlib.Path(__file__).parents[2] / 'worker/python/py/uwsgi.pyi').read_text()
    told = {getattr(node, 'name', None) or node.target.id for node in ast.parse(stub).body
            if isinstance(node, (ast.FunctionDef, ast.AnnAssign))}
    optional = {'post_fork_hook', 'atexit', 'after_req_hook', 'pidfile'}
    assert ask(running, '{name for name in dir(uwsgi) if name[0] != "_" and not'
                        ' (getattr(uwsgi, name).__doc__ or "").startswith("Raises ")}'
               ) == told - optional
