# SPDX-License-Identifier: MIT
from harness.apps import HELLO
from harness.limits import EXAMPLES


def test_the_example_of_dev_run_answers(make_server):
    made = make_server()
    config = EXAMPLES / 'hello' / 'server.yaml'
    made.start(['-c', str(config), '--set', 'listen=http://127.0.0.1:0',
                '--set', f'control={made.control_path}'], cwd='/')
    answer = made.get('/')
    assert (answer.status, answer.text) == (200, 'Hello from geventd!\n')


def test_the_smallest_file_is_enough(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config('listen: http://127.0.0.1:0\napp: app:application\n'
                      f'control: {made.control_path}\n')
    made.start()
    assert made.get('/').body == b'hello'


def test_the_ready_line_tells_workers_cores_and_addresses(server):
    running = server(HELLO, {'workers': {'processes': 2, 'cores': 7},
                             'listen': ['http://127.0.0.1:0', 'http://127.0.0.1:0']})
    ready = running.wait_ready()
    assert (ready['workers'], ready['cores'], len(running.addresses)) == ('2', '7', 2)
    assert running.get('/', index=0).body == running.get('/', index=1).body == b'hello'
