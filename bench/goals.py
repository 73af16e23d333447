# SPDX-License-Identifier: MIT
"""The goals for geventd, as ratios within one run, and whether it reached them."""

import servers
import web_socket_servers

GEVENT = ('gunicorn -k gevent', 'gevent.pywsgi', 'uwsgi --gevent', 'nginx → uwsgi --gevent',
          *web_socket_servers.PEERS)
UWSGI = ', uwsgi protocol'


class Unknown(Exception):
    """The figure was not measured."""


class Goals:
    def __init__(self, results):
        self.results = results
        self.rows = []

    def get(self, work, server, key):
        try:
            return self.results[work]['medians'][server][key]
        except KeyError:
            raise Unknown from None

    def gevent_peers(self, work, key='cpu'):
        found = [medians[key] for name, medians in
                 self.results.get(work, {}).get('medians', {}).items()
                 if name.split(', newest')[0] in GEVENT]
        if not found:
            raise Unknown
        return found

    def add(self, work, sentence, figure, most):
        """Adds a goal: the ratio that `figure` computes shall be at most `most`."""
        try:
            value = figure()
            self.rows.append((work, sentence, f'{value:.3g}', f'{most:.3g}',
                              'yes' if value <= most else '**no**'))
        except Unknown:
            self.rows.append((work, sentence, '–', f'{most:.3g}', 'not measured'))

    def ratio(self, name, work, other, most, key='cpu', own='geventd'):
        self.add(name, f'of {other}', lambda: self.get(work, own, key) /
                 self.get(work, other, key), most)

    def best_ratio(self, name, work, others, most):
        def figure():
            candidates = [self.get(work, 'limit', 'cpu'), *self.gevent_peers(work)]
            for other in others:
                try:
                    candidates.append(self.get(work, other, 'cpu'))
                except Unknown:
                    pass
            return self.get(work, 'geventd', 'cpu') / min(candidates)
        self.add(name, 'of the lowest of limit, bjoern and gevent peers', figure, most)

    def ahead(self, name, work, key='cpu', own='geventd', most=1):
        said = '' if own == 'geventd' else f'{own}, '
        self.add(name, f'{said}of the best gevent peer', lambda: self.get(work, own, key) /
                 min(self.gevent_peers(work, key)), most)

    def share(self, name, work, own, other, most, called='loop'):
        """The servers' own shares, without the application's cost: for the other server, with one
        greenlet per connection, that of calls in a loop; for geventd as `called` says."""
        newest = ', newest' if 'newest' in other else ''

        def figure():
            facts = self.results.get(work, {}).get('facts', {})
            if called + newest not in facts:
                raise Unknown
            return ((self.get(work, own, 'cpu') - facts[called + newest])
                    / (self.get(work, other, 'cpu') - facts['loop' + newest]))
        beside = ' beside calls in fresh greenlets' if called == 'greenlet' else ''
        self.add(name, f"{work}: server's own share{beside}, of {other}", figure, most)


def judge(results):
    """The section of the report."""
    goals = Goals(results)
    goals.ratio('W1', 'hello', 'limit', 1.25)
    goals.add('W1', 'limit, of bjoern (else it does not count)', lambda: goals.get(
        'hello', 'limit', 'cpu') / goals.get('hello', 'bjoern', 'cpu'), 1)
    for other, most in (('uwsgi --gevent', 1 / 8), ('gunicorn -k gevent', 1 / 8),
                        ('gevent.pywsgi', 1 / 7), ('granian', 1)):
        goals.ratio('W1', 'hello', other, most)
    for other, most in (('limit', 1.25), ('uwsgi --gevent', 0.6), ('gunicorn -k gevent', 1 / 3),
                        ('gevent.pywsgi', 1 / 3)):
        goals.ratio('W1b', 'close', other, most)
    for other, most in (('limit', 1.25), ('uwsgi --gevent', 0.6)):
        goals.ratio('W14', 'uwsgi', other + UWSGI, most, own='geventd' + UWSGI)
    for work in ('file1k', 'file64k', 'file10m'):
        goals.ratio(f'W15 {work[4:]}', work, 'nginx', 1.3)
        for other in ('granian', 'whitenoise, gunicorn -k gevent'):
            goals.ratio(f'W15 {work[4:]}', work, other, 1)
    for name, work in (('W2', 'block'), ('W3', 'echo'), ('W3', 'upload'), ('W5', 'stream')):
        goals.best_ratio(name, work, ('bjoern',), 1.25)
        goals.ahead(name, work)
    for work in ('flask', 'django'):
        for own, other in (('geventd', 'gunicorn -k gevent'),
                           ('geventd, newest gevent', 'gunicorn -k gevent, newest')):
            goals.share('W6', work, own, other, 1 / 5)
            goals.share('W6', work, own, other, 1 / 5, 'greenlet')
    goals.ahead('W4', 'sleep')
    goals.ahead('W7', 'latency', 'p99')
    goals.add('W7', 'p99, of its p99 alone', lambda: goals.get('latency', 'geventd', 'worse'), 1.5)
    goals.add('W13', 'p99, of its p99 alone', lambda: goals.get('slowheads', 'geventd', 'worse'),
              1.2)
    goals.add('W8', 'KiB each', lambda: goals.get('idle', 'geventd', 'each'), 0.5)
    goals.ratio('W9', 'start', 'gunicorn -k gevent', 1, 'first')
    goals.add('W9', '1,000 cores more, KiB', lambda: goals.get('start', 'geventd', 'cores'), 256)
    goals.add('W9', "largest process, of pywsgi's (W8's base)", lambda: goals.get(
        'start', 'geventd', 'hello') / goals.get('idle', 'gevent.pywsgi', 'base'), 1)
    goals.add('W9', 'four preloaded, of one', lambda: goals.get('start', 'geventd', 'ratio'), 1.6)
    goals.add('W12', 'most to least', lambda: goals.get('balance', 'geventd', 'balance'), 1.2)
    for connections in ('100', '1000'):
        for own, most in ((web_socket_servers.NATIVE, 1 / 4), (web_socket_servers.UWSGI, 1 / 3)):
            goals.ahead(f'W16 {connections}', f'ws{connections}', own=own, most=most)
    goals.ahead('W17', 'wsidle', 'each', web_socket_servers.NATIVE, 1 / 2)
    for work in servers.COMPUTE:
        for key, sentence, most in (('slices', 'p99, more than alone, in time slices', 3),
                                    ('two', 'two of 1 s at the same time, s', 2.2)):
            goals.add('W19', f'{work}: {sentence}',
                      lambda: goals.get(work, 'geventd, time slices', key), most)
    lines = ['## Goals', '', '| work | figure | measured | at most | reached |',
             '| --- | --- | --- | --- | --- |']
    return '\n'.join([*lines, *(f'| {" | ".join(row)} |' for row in goals.rows), ''])
