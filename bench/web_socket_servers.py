# SPDX-License-Identifier: MIT
"""The ways of using WebSockets, under geventd and under other servers: all with the newest gevent.

An application of theirs (apps/websocket_*.py) has a function for each way.
"""
import dataclasses

import peers
import servers

GEVENT_WEBSOCKET = 'geventwebsocket.gunicorn.workers.GeventWebSocketWorker'
PEERS = ('gunicorn, gevent-websocket', 'gunicorn -k gevent, flask-sock',
         'uwsgi --gevent, uwsgi.websocket_*')
NATIVE = 'geventd, geventd.websocket()'
UWSGI = 'geventd, uwsgi.websocket_*'


def _used_by(function, setup):
    return dataclasses.replace(setup, app=f'{setup.app}:{function}')


def geventd(function, build=servers.BUILD):
    return lambda setup: servers.geventd_newest(_used_by(function, setup), build)


def gunicorn(function, worker='gevent'):
    def command(setup):
        words = servers.gunicorn_newest(_used_by(function, setup))
        words[words.index('gevent')] = worker
        return words
    return command


def uwsgi(setup):
    # One of its cores for each connection.
    return servers.uwsgi_newest(dataclasses.replace(
        _used_by('uwsgi_functions', setup), slots=setup.connections))


def _kind(name, command, *packages):
    def missing():
        return next(filter(None, (peers.missing(package)() for package in packages)), None)
    return servers.Kind(name, command, missing, protocol='websocket')


SERVERS = [
    _kind(NATIVE, geventd('native'), 'gevent'),
    _kind(UWSGI, geventd('uwsgi_functions'), 'gevent'),
    _kind('geventd, wsgi.websocket', geventd('gevent_websocket'), 'gevent'),
    _kind('geventd, flask-sock', geventd('flask_sock'), 'gevent', 'flask-sock'),
    _kind(PEERS[0], gunicorn('gevent_websocket', GEVENT_WEBSOCKET), 'gunicorn', 'gevent-websocket'),
    _kind(PEERS[1], gunicorn('flask_sock'), 'gunicorn', 'flask-sock'),
    _kind(PEERS[2], uwsgi, 'uwsgi'),
]


def other_build(name):
    """The Kind of `geventd@FOLDER`, with its own way of using WebSockets."""
    folder = servers.folder_of(name)
    return servers.Kind(f'{name}, geventd.websocket()', geventd('native', folder),
                        servers.without(folder / 'geventd'), protocol='websocket')
