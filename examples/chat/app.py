# SPDX-License-Identifier: MIT
"""A chat over several workers: what one client says is sent to all workers by a signal, and each
tells its own clients."""
import geventd

SAID = 1

clients = set()

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
    for client in list(clients):
        try:
            client.send(text)
        except geventd.WebSocketClosed:
            clients.discard(client)


def application(environ, start_response):
    socket = geventd.websocket(environ)
    if socket is None:
        start_response('200 OK', [('Content-Type', 'text/html; charset=utf-8')])
        return [PAGE]
    socket.accept()
    clients.add(socket)
    for text in socket:
        geventd.signal(SAID, text.encode())
    clients.discard(socket)
    return []
