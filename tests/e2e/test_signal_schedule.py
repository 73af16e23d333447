# SPDX-License-Identifier: MIT
"""Timers, cron entries and file monitors, from Python and from the configuration."""
import os
import signal

import pytest

from harness.signal_app import (DEATHS, PRELOAD, application, figures, ledger, run, start,
                                wait_figures, wait_ledger)


@PRELOAD
def test_a_timer_ticks_once_a_period_whatever_the_number_of_workers(server, preload):
    running = start(server, '''
import time
geventd.register(9, '', lambda num: note(time.monotonic()))
geventd.add_timer(9, 0.05)
geventd.add_timer(9, 0.05)
''', workers=3, preload=preload)
    running.expect_error(DEATHS)
    wait_ledger(running, lambda lines: len(lines) >= 4)
    for _ in range(2):
        before = running.workers()
        os.kill(before[0], signal.SIGKILL)
        running.wait_workers(3, without=before[:1])
    count = len(ledger(running))
    lines = wait_ledger(running, lambda lines: len(lines) >= count + 40)
    times = [float(line[0]) for line in lines]
    # What a killed worker had claimed runs again, and late ticks come together.
    assert len(times) <= (times[-1] - times[0]) / 0.05 + 8


def test_an_rb_timer_ends_after_its_iterations(server):
    running = start(server, '''
geventd.register(9, '', lambda num: note(num, 1 + geventd.signal_info().repeats))
geventd.register(10, '', record)
geventd.add_rb_timer(9, 0.01, iterations=3)
geventd.add_rb_timer(10, 0.02)
''')

    def ticks(lines):
        # A tick that a busy worker has not claimed yet also stands for the next one.
        return sum(int(line[1]) for line in lines if line[0] == '9')

    lines = wait_ledger(running, lambda lines: ticks(lines) >= 3
                        and sum(line[0] == '10' for line in lines) >= 20)
    assert ticks(lines) == 3


def test_an_rb_timer_that_has_ended_begins_anew_when_code_that_serves_asks(server):
    running = start(server, '''
geventd.register(9, '', record)
''', workers=1)
    for count in (1, 2, 3):
        run(running, 'geventd.add_rb_timer(9, 0.01, iterations=1)')
        wait_ledger(running, lambda lines: len(lines) == count)


def test_undelivered_ticks_become_one(server):
    running = start(server, '''
from gevent.event import Event
go = Event()


@geventd.register(9, overlap='queue')
def handler(num):
    note(geventd.signal_info().repeats)
    go.wait()


geventd.add_timer(9, 0.01)
''', workers=1, signals={'concurrency': 1})
    wait_ledger(running, len)
    status = running.wait_status(lambda status: status['signals'][0]['coalesced'] >= 20)
    assert status['signals'][0]['waiting'] <= 1
    run(running, 'go.set()')
    lines = wait_ledger(running, lambda lines: len(lines) >= 3)
    assert max(int(line[0]) for line in lines) >= 19


@PRELOAD
def test_a_monitor_ticks_when_a_file_is_replaced(server, preload):
    running = start(server, '''
geventd.register(9, '', record)
geventd.register(10, '', record)
geventd.add_file_monitor(9, 'watched')
geventd.add_file_monitor(10, os.getcwd() + '/folder')
''', preload=preload)
    watched = running.folder / 'watched'
    for turn in range(3):
        before = figures(running, 9)['accepted'] + figures(running, 9)['coalesced']
        (running.folder / 'new').write_text(str(turn))
        os.rename(running.folder / 'new', watched)
        running.wait_status(lambda status, before=before: any(
            entry['number'] == 9 and entry['handled'] + entry['coalesced'] > before
            for entry in status['signals']))
    (running.folder / 'folder').mkdir()
    wait_ledger(running, lambda lines: any(line[0] == '10' for line in lines))


def test_wrong_plans_are_value_errors(server):
    running = start(server, "geventd.register(9, '', record)", workers=1)
    for call in ('add_timer(9, 0)', 'add_timer(9, -1)', "add_timer(9, float('nan'))",
                 "add_timer(9, float('inf'))", 'add_timer(256, 1)', 'add_rb_timer(9, 0)',
                 'add_rb_timer(9, 1, -1)', "add_cron(9, '* * * *')", "add_cron(9, '61 * * * *')",
                 "add_cron(9, '0 0 31 2 *')", 'add_cron(9, 60, -1, -1, -1, -1)',
                 'add_cron(9, 0, 0, 31, 2, -1)', "add_cron(9, '@never')", "add_file_monitor(9, '')",
                 "add_file_monitor(300, 'x')"):
        assert run(running, f'geventd.{call}')[0] == 'ValueError', call
    assert run(running, "geventd.add_timer(9, 'x')")[0] == 'TypeError'
    assert run(running, "geventd.add_cron(9, '* * * * *', 5)")[0] == 'TypeError'
    assert run(running, "geventd.add_cron(9, '*/5 2-4 * * mon'); "
                        'geventd.add_cron(9, -5, -1, -1, -1, -1)') is None


def test_a_reload_without_the_timer_ends_it(server):
    running = start(server, '''
geventd.register(9, '', record)
geventd.register(10, '', record)
if not os.path.exists('second'):
    geventd.add_timer(9, 0.02)
geventd.add_timer(10, 0.02)
''')
    wait_ledger(running, lambda lines: any(line[0] == '9' for line in lines))
    (running.folder / 'second').write_text('')
    assert running.ctl('reload').returncode == 0
    # The master stopped the timer when the new generation began to serve; ticks sent before still
    # run.
    wait_figures(running, 9, waiting=0, running=0)
    count = len(ledger(running))
    lines = wait_ledger(running, lambda lines: len(lines) >= count + 20)
    assert all(line[0] == '10' for line in lines[count:])


def test_a_reload_keeps_the_timer(server):
    running = start(server, "geventd.register(9, '', record)\ngeventd.add_timer(9, 0.02)")
    for _ in range(2):
        assert running.ctl('reload').returncode == 0
        count = len(ledger(running))
        wait_ledger(running, lambda lines, count=count: len(lines) > count + 2)


@PRELOAD
def test_the_configuration_ticks_numbers_and_functions(server, preload):
    running = start(server, '''
geventd.register(9, 'workers', record)


def tick(num):
    note('tick', num, worker())


class Jobs:
    @staticmethod
    def touched(num):
        note('touched', num)
''', preload=preload, timers=[{'every': '20ms', 'signal': 9}, {'every': '20ms', 'run': 'app:tick'}],
                    monitors=[{'path': 'watched', 'run': 'app:Jobs.touched'}],
                    crons=[{'at': '* * * * *', 'signal': 9}, {'at': '@daily', 'run': 'app:tick'}])
    lines = wait_ledger(running, lambda lines: {'tick', '9'} <= {line[0] for line in lines}
                        and {line[1] for line in lines if line[0] == '9'} == {'1', '2'})
    assert {line[1] for line in lines if line[0] == 'tick'} == {'255'}
    (running.folder / 'watched').write_text('now')
    lines = wait_ledger(running, lambda lines: any(line[0] == 'touched' for line in lines))
    assert {line[1] for line in lines if line[0] == 'touched'} == {'253'}
    name, text = run(running, "geventd.register(255, '', record)")
    assert name == 'ValueError' and 'timers[1] of the configuration' in text


@pytest.mark.parametrize('run_, text', [
    ('app:nothing', "has no 'nothing'"), ('app:LEDGER', 'is not callable'),
    ('nowhere:tick', "run: there is no module 'nowhere'")])
def test_a_function_that_is_not_there_stops_the_start(make_server, run_, text):
    running = make_server()
    running.write_app(application())
    running.write_config({'timers': [{'every': '1s', 'run': run_}]})
    running.expect_error('cannot serve')
    running.expected_exit = 1
    running.start(wait=False)
    running.wait_log(text)
    running.wait_exit()


def test_a_tick_that_nobody_handles_is_told_once(server):
    running = start(server, '', timers=[{'every': '10ms', 'signal': 30}])
    wait_status = running.wait_status
    wait_status(lambda status: any(s['unregistered'] > 10 for s in status['signals']))
    assert running.log.text().count('signal 30 was sent, but nobody has registered it') == 1


@PRELOAD
def test_what_is_due_while_the_application_loads_waits_for_it(make_server, preload):
    running = make_server()
    os.mkfifo(running.folder / 'gate')
    running.write_app(application("""
print('loading', flush=True)
open('gate').close()
geventd.register(9, '', record)
geventd.register(10, '', record)
"""))
    running.write_config({'app': {'preload': preload},
                          'timers': [{'every': '10ms', 'signal': 9}],
                          'monitors': [{'path': 'watched', 'signal': 10}]})
    running.start(wait=False)
    running.wait_log('loading')
    (running.folder / 'watched').write_text('now')
    assert running.ctl('signal', '9').stderr == (
        'geventctl: nobody has registered signal 9 yet: the application is not loaded\n')
    # The timer's first period is over, but the application has not registered anything yet.
    status = running.wait_status(lambda status: status['uptime'] > 0.1)
    assert [s for s in status['signals'] if s['unregistered'] > 1] == []
    (running.folder / 'gate').write_text('')
    running.wait_ready()
    wait_ledger(running, lambda lines: {'9', '10'} <= {line[0] for line in lines})
    status = running.status()
    assert {s['number']: s['unregistered'] for s in status['signals']} == {9: 1, 10: 0}
    assert 'nobody has registered' not in running.log.text()
