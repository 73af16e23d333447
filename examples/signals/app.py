# SPDX-License-Identifier: MIT
"""Makes thumbnails outside of requests: an upload sends a signal, and any worker handles it."""
import os

import geventd

THUMBNAIL, SWEEP, SETTINGS = 1, 2, 3

settings = {'size': '64'}
made = []


@geventd.register(THUMBNAIL)
def make_thumbnail(num):
    info = geventd.signal_info()
    picture = info.payload.decode()
    # A worker may die in here: the signal is then delivered again, with attempt 2.
    print(f'{picture} at {settings["size"]} (attempt {info.attempt})', flush=True)
    made.append(picture)


@geventd.register(SWEEP, overlap='skip')
def sweep(num):
    """Runs every hour, in one worker; not while the last sweep still runs."""
    made.clear()


@geventd.register(SETTINGS, 'workers')
def read_settings(num):
    """Runs in each worker, whenever the file changes."""
    if os.path.exists('settings'):
        with open('settings') as file:
            settings['size'] = file.read().strip()
    print(f'size {settings["size"]}', flush=True)


geventd.add_timer(SWEEP, 3600)
geventd.add_file_monitor(SETTINGS, 'settings')


def application(environ, start_response):
    picture = environ['PATH_INFO'].strip('/') or 'picture'
    try:
        geventd.signal(THUMBNAIL, picture.encode())
    except geventd.QueueFull:
        start_response('503 Service Unavailable', [('Content-Length', '0')])
        return []
    start_response('202 Accepted', [('Content-Length', '0')])
    return []
