# SPDX-License-Identifier: MIT
"""Files that everybody may have, and one that the application gives to those who know the word."""
import os
from urllib.parse import parse_qs

PAGE = b'''<!doctype html>
<title>geventd and files</title>
<link rel="stylesheet" href="/style.css">
<p>The style sheet comes from the server itself, without this application.
<form action="/letter"><input name="word" placeholder="the word is please"><button>Letter</button>
</form>
'''


def application(environ, start_response):
    if environ['PATH_INFO'] != '/letter':
        start_response('200 OK', [('Content-Type', 'text/html')])
        return [PAGE]
    if parse_qs(environ['QUERY_STRING']).get('word') != ['please']:
        start_response('403 Forbidden', [('Content-Type', 'text/plain')])
        return [b'That is not the word.\n']
    start_response('200 OK', [('X-Sendfile', os.path.abspath('private/letter.txt'))])
    return []
