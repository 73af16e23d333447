# SPDX-License-Identifier: MIT
"""A folder of files to be served, with every kind of entry that a server may meet in one."""
import os
import socket

HELLO = b'hello, files\n'
BIG = b''.join(b'%07d\n' % number for number in range(40_000))  # each piece says where it is
SECRET = b'not below the root'
MODIFIED = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
DATE, EARLIER, LATER = (f'Tue, 14 Nov 2023 22:13:{second} GMT' for second in (20, 19, 21))

FILES = {
    'hello.txt': HELLO, 'big.bin': BIG, 'empty.txt': b'', 'one': b'1',
    'index.html': b'<p>index</p>', 'app.js': b'let a', 'style.css': b'a {}', 'page.html': b'<p>',
    'image.png': b'\x89PNG', 'image.svg': b'<svg/>', 'data.json': b'{}', 'font.woff2': b'wOF2',
    'UPPER.TXT': b'upper', 'two.tar.gz': b'\x1f\x8b', 'no-extension': b'none', 'odd.unknown': b'?',
    'sub/index.html': b'<p>sub</p>', 'sub/deep/file.txt': b'deep', 'no-index/file.txt': b'file',
    '.hidden': b'hidden', '.well-known/token': b'token',
    'with space.txt': b'space', 'plus+sign.txt': b'plus', '100%.txt': b'percent',
    'what?.txt': b'question', 'number#1.txt': b'number', 'a;b=c.txt': b'semicolon',
    'a:b.txt': b'colon', 'back\\slash.txt': b'backslash', '"quoted".txt': b'quoted',
    '...': b'dots', 'grüße.txt': b'umlaut', '日本.txt': b'japanese', 'l' * 251 + '.txt': b'long',
    'folder with ü/index.html': b'folder', 'locked.txt': SECRET, 'locked/file.txt': SECRET,
}
RAW_NAME = b'\xff\xfe.txt'


def make(folder):
    """Fills site/static in the folder, which others may look into, with a secret beside it."""
    folder.chmod(0o755)
    folder.parent.chmod(0o755)
    (folder / 'secret.txt').write_bytes(SECRET)
    root = folder / 'site' / 'static'
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    raw = os.path.join(os.fsencode(root), RAW_NAME)
    with open(raw, 'wb') as file:
        file.write(b'raw')
    for link, target in {'link.txt': 'hello.txt', 'linked': 'sub', 'dangling': 'nowhere',
                         'loop': 'loop', 'out.txt': '../../secret.txt', 'out': '../..',
                         'away.txt': str(folder / 'secret.txt')}.items():
        (root / link).symlink_to(target)
    (root / 'empty').mkdir()
    (root / 'strange' / 'index.html').mkdir(parents=True)
    os.mkfifo(root / 'fifo')
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / 'socket'))
    for path in root.rglob('*'):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (MODIFIED, MODIFIED))
    os.utime(raw, (MODIFIED, MODIFIED))
    (root / 'locked.txt').chmod(0)
    (root / 'locked').chmod(0)


def unmake(folder):
    """Removes what the audit would find, or could not remove."""
    (folder / 'site' / 'static' / 'socket').unlink()
    (folder / 'site' / 'static' / 'locked').chmod(0o700)
