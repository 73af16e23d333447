# SPDX-License-Identifier: MIT
"""The number of worker processes by CPUs and by memory."""
import os

from harness.apps import HELLO
from harness.program import check


def test_a_formula_counts_the_cpus_that_may_be_used(server):
    cpu = min(os.sched_getaffinity(0))
    running = server(HELLO, {'workers': {'processes': '2*cpus+1'}},
                     wrapper=('taskset', '-c', str(cpu)))
    assert running.wait_ready()['workers'] == '3'


def test_memory_bounds_the_number_of_processes(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'workers': {'processes': 8, 'memory-share': '1024GiB'}})
    code, output = check(made)
    assert code == 0, output
    assert 'the number of workers is 1: ' in output and 'workers.memory-share, 1024GiB' in output
    made.start()
    assert made.wait_ready()['workers'] == '1'
