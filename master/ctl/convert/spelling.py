# SPDX-License-Identifier: MIT
"""Texts of others in comments, values and messages: no terminal and no YAML reader obeys them."""


def one_line(text):
    """The text with single spaces, and what cannot be seen spelled out."""
    return spelled_out(' '.join(text.split()))


def spelled_out(text, keeps_bytes=False):
    r"""Control characters and the like as \x1b or \u202e, which YAML understands between quotes.
    keeps_bytes: not bytes that are no UTF-8, which surrogates stand for."""
    return ''.join(letter if letter.isprintable() or keeps_bytes and is_byte(letter)
                   else escaped(letter) for letter in text)


def is_byte(letter):
    return '\udc80' <= letter <= '\udcff'


def escaped(letter):
    code = ord(letter) - (0xdc00 if is_byte(letter) else 0)
    return f'\\x{code:02x}' if code < 0x100 else (
        f'\\u{code:04x}' if code < 0x10000 else f'\\U{code:08x}')
