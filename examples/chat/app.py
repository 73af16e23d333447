# SPDX-License-Identifier: MIT
"""A chat over several workers: what one client says is sent to all workers by a signal, and each
tells its own clients. A client that does not read what it is told holds up nobody: each has a
mailbox and a greenlet that empties it, and a client whose mailbox is full is sent away."""
import contextlib

import gevent
import geventd
from gevent.queue import Full, Queue

SAID = 1
LONGEST = 4096  # characters of a text
MAILBOX = 100   # texts that a client has not taken yet

mailboxes = {}  # by WebSocket

PAGE = b'''<!doctype html>
<meta charset="utf-8">
<title>chat</title>
<form><input autofocus autocomplete="off"> <button>say</button></form>
<ul></ul>
<script>
const socket = new WebSocket(location.href.replace(/^http/, 'ws'));
const list = document.querySelector('ul'), input = document.querySelector('input');
const show = text => {
  const item = document.createElement('li');
  item.textContent = text;
  list.append(item);
};
socket.onopen = () => show('connected');
socket.onmessage = event => show(event.data);
socket.onclose = event => show(`closed (${event.code} ${event.reason})`);
document.querySelector('form').onsubmit = event => {
  event.preventDefault();
  socket.send(input.value);
  input.value = '';
};
</script>
'''


@geventd.register(SAID, 'workers')
def tell(num):
    """Runs in each worker."""
    text = geventd.signal_info().payload.decode()
    for socket, mailbox in list(mailboxes.items()):
        try:
            mailbox.put_nowait(text)
        except Full:
            socket.close(1008, 'too slow')


def deliver(mailbox, socket):
    with contextlib.suppress(geventd.WebSocketClosed):
        for text in mailbox:
            socket.send(text)


def application(environ, start_response):
    socket = geventd.websocket(environ)
    if socket is None:
        start_response('200 OK', [('Content-Type', 'text/html; charset=utf-8')])
        return [PAGE]
    socket.accept()
    mailboxes[socket] = mailbox = Queue(MAILBOX)
    postman = gevent.spawn(deliver, mailbox, socket)
    try:
        for text in socket:
            if isinstance(text, bytes) or len(text) > LONGEST:
                socket.close(1003, f'a text of at most {LONGEST} characters, please')
            else:
                geventd.signal(SAID, text.encode())
    finally:
        del mailboxes[socket]
        postman.kill()
    return []
