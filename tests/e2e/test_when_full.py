# SPDX-License-Identifier: MIT
"""More requests than cores: they wait, or after `queue-time` are refused with a 503."""
from harness.apps import SLEEP

ONE_CORE = {'processes': 1, 'cores': 1}

# /held: waits for a file "go".
HELD = '''
import os
import gevent


def application(environ, start_response):
    while environ['PATH_INFO'] == '/held' and not os.path.exists('go'):
        gevent.sleep(0.01)
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '2')])
    return [b'ok']
'''


def clients_asking(running, target, count):
    clients = [running.raw() for _ in range(count)]
    for client in clients:
        client.send(f'GET {target} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
    return clients


def close(clients):
    for client in clients:
        client.close()


def test_reject_answers_503_and_when_to_come_again(server):
    running = server(HELD, {'workers': {**ONE_CORE, 'when-full': 'reject'},
                            'limits': {'queue-time': '100ms'}})
    held, = clients_asking(running, '/held', 1)
    running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 1)
    refused = clients_asking(running, '/', 3)
    for client in refused:
        answer = client.read_answer()
        assert answer.status == 503
        assert int(answer.header('retry-after')) >= 1
        assert client.is_closed_by_server()
    (running.folder / 'go').touch()
    assert held.read_answer().status == 200
    running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)
    assert running.get('/').status == 200
    assert running.status()['workers'][0]['rejected'] == 3
    close([held, *refused])


def test_the_log_tells_once_that_requests_wait_for_a_core(server):
    running = server(HELD, {'workers': ONE_CORE})
    clients = clients_asking(running, '/held', 3)
    running.wait_log('all 1 cores of all workers have been busy for more than a second, and 2 '
                     'connections wait for one')
    (running.folder / 'go').touch()
    assert [client.read_answer().status for client in clients] == [200] * 3
    assert running.log.text().count('have been busy for more than a second') == 1
    close(clients)


def test_reject_serves_those_whose_turn_comes_in_time(server):
    running = server(SLEEP, {'workers': {**ONE_CORE, 'when-full': 'reject'},
                             'limits': {'queue-time': '30s'}})
    clients = clients_asking(running, '/0.05', 10)
    assert [client.read_answer().status for client in clients] == [200] * 10
    close(clients)


def test_wait_keeps_them_until_a_core_is_free(server):
    running = server(SLEEP, {'workers': ONE_CORE, 'limits': {'queue-time': '1ms'}})
    clients = clients_asking(running, '/0.05', 10)
    assert [client.read_answer().status for client in clients] == [200] * 10
    close(clients)


def test_a_refusal_of_head_has_no_body_and_its_line_has_its_time(server):
    running = server(HELD, {'workers': {**ONE_CORE, 'when-full': 'reject'},
                            'limits': {'queue-time': '300ms'},
                            'log': {'access': '${method} ${status} ${msecs} ms',
                                    'access-when': {'slower': '250ms'}}})
    held, = clients_asking(running, '/held', 1)
    running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 1)
    with running.raw() as client:
        client.send(b'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n')
        _, status, _ = client.read_head()
        assert status == 503 and client.is_closed_by_server()
    assert int(running.wait_log(r'HEAD 503 (\d+) ms')[1]) >= 250
    (running.folder / 'go').touch()
    assert held.read_answer().status == 200
    close([held])
