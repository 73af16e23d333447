# SPDX-License-Identifier: MIT
"""Packets of the uwsgi protocol, as a web server sends them."""
import struct


def block(variables):
    """The block of variables: from a dict, or from pairs when a key occurs more than once."""
    pairs = variables.items() if isinstance(variables, dict) else variables
    encoded = b''
    for key, value in pairs:
        key, value = (text if isinstance(text, bytes) else text.encode('latin-1')
                      for text in (key, value))
        encoded += struct.pack('<H', len(key)) + key + struct.pack('<H', len(value)) + value
    return encoded


def packet(variables=(), modifier1=0, modifier2=0):
    payload = block(variables)
    return struct.pack('<BHB', modifier1, len(payload), modifier2) + payload


def request(path='/', body=b'', modifier1=0, **more):
    """A request as nginx would send it."""
    path_info, _, query = path.partition('?')
    return packet({
        'QUERY_STRING': query, 'REQUEST_METHOD': 'POST' if body else 'GET', 'CONTENT_TYPE': '',
        'CONTENT_LENGTH': str(len(body)) if body else '', 'REQUEST_URI': path,
        'PATH_INFO': path_info, 'DOCUMENT_ROOT': '/', 'SERVER_PROTOCOL': 'HTTP/1.1',
        'REQUEST_SCHEME': 'http', 'REMOTE_ADDR': '192.0.2.7', 'REMOTE_PORT': '1234',
        'SERVER_PORT': '80', 'SERVER_NAME': 'example.com', 'HTTP_HOST': 'example.com', **more,
    }, modifier1) + body
