# SPDX-License-Identifier: MIT
"""uWSGI's options for static files: each map becomes an entry of `static`, which the other options
then complete."""
import os.path
import re

from .rows import built_in, maps, refused
from .values import leading_number, refuse_value

NO_RULES = 'there are no rules for requests', 'the proxy, or a middleware of the application'
ALL_FILES = 'cache-control in the entry of static, for all its files; immutable for hashed names'
# Regular expressions that mean all paths that begin with a text.
BEGINNING = re.compile(r'\^?(?P<begin>[\w/-]*?)(/?\.?\*|/?\.\+)?\$?\Z')
# ^(?!/api) or ^(?!/(api|auth)): all paths but those; what follows may forbid a dot in them.
ALL_BUT = re.compile(r'\^\(\?!\^?(?P<before>[\w/-]*)(\((?P<names>[\w/|-]+)\))?\)')
ANY_PATH = re.compile(r'\^?/?\(?(\.\*|\[\^\\?\.\]\*|\.\+|\[\^\\?\.\]\+)?\)?\$?\Z')
THE_ROOT = ('^/', '^/$', '^/?$', '/')


def static_map(keeps_prefix):
    """static-map = /prefix=folder; static-map2 looks for the prefix below the folder too."""
    def take(draft, option):
        prefix, equals, root = str(option.value).partition('=')
        prefix = '/' + prefix.strip('/')
        if not equals or not root:
            return refuse_value(draft, option, 'of the form /prefix=folder')
        if is_one_file(prefix, root):
            return draft.leave_out(
                option, 'static serves folders, and this looks like a single file',
                'put it into a folder of its own: static: [{path: /, root: FOLDER, fallback: '
                'application}]')
        root = root.rstrip('/') or '/'
        return add_entry(draft, prefix, root + prefix if keeps_prefix else root, option)
    return take


def is_one_file(prefix, root):
    """/favicon.ico=/srv/icon.ico maps a file and not a folder."""
    ending = os.path.splitext(prefix)[1]
    return ending != '' and ending == os.path.splitext(root)[1]


def check_static(draft, option):
    """All paths of which there is a file."""
    add_entry(draft, '/', str(option.value).rstrip('/') or '/', option)


def add_entry(draft, path, root, option):
    """What is no file goes on to the application, as in uWSGI. Of two folders for one path uWSGI
    looks into both, in their order."""
    entries = entries_of(draft)
    if any(entry['path'] == path for entry in entries):
        return draft.leave_out(option, f'static has one folder for {path}',
                               'gather the files in one folder, as collectstatic does')
    return draft.append('static', [{'path': path, 'root': root, 'fallback': 'application',
                                    'index': 'none'}], option.origin())


def entries_of(draft):
    setting = draft.settings.get('static')
    return setting.value if setting else []


def collect(name):
    """Keeps all of an option's values for the end."""
    def take(draft, option):
        draft.facts[f'{name} {len(draft.facts)}'] = option
    return take


def collected(draft, name):
    return [option for key, option in draft.facts.items() if key.partition(' ')[0] == name]


def mime_file(draft, option):
    if str(option.value) == '/etc/mime.types':
        draft.built_in.append((option, 'the usual types are built in'))
    else:
        draft.leave_out(option, 'the types of files are built in',
                        'types: {.foo: text/x-foo} in the entry of static for others')


def route(draft, option):
    """route = REGEX static:FILE makes a file the fallback of a folder; all others are refused."""
    words = str(option.value).split(None, 1)
    if len(words) == 2 and words[1].startswith('static:'):
        return collect('route')(draft, option)
    return draft.leave_out(option, *NO_RULES)


def finish_static(draft):
    """Puts together what the maps and the options for all of them say."""
    _count_from_chdir(draft)
    indexes = collected(draft, 'static-index')
    for option in indexes:
        _set_index(draft, option)
    for option in collected(draft, 'static-expires'):
        _set_expiry(draft, option)
    for option in collected(draft, 'route'):
        _set_fallback(draft, option)


def _count_from_chdir(draft):
    chdir = draft.settings.get('app.chdir')
    for entry in entries_of(draft):
        if chdir and not entry['root'].startswith(('/', '${')):
            entry['root'] = f'{str(chdir.value).rstrip("/")}/{entry["root"]}'


def _set_index(draft, option):
    entries = [entry for entry in entries_of(draft) if entry['index'] in ('none', option.value)]
    if not entries:
        draft.leave_out(option, 'a folder of static has one index' if entries_of(draft)
                        else 'there are no static files')
        return
    for entry in entries:
        entry['index'] = str(option.value)
    _tell(draft, entries, option)


def _tell(draft, entries, option):
    """Adds the option's line to the comments of these entries."""
    setting = draft.settings['static']
    setting.comments[:] = [
        f'{comment}; {option.origin()}' if entry in entries else comment
        for entry, comment in zip(setting.value, setting.comments)]


def _set_expiry(draft, option):
    """REGEX SECONDS, when the expression stands for whole folders."""
    words = str(option.value).split()
    match = BEGINNING.match(words[0]) if len(words) == 2 else None
    age = leading_number(words[-1]) if match else None
    entries = [entry for entry in entries_of(draft) if match and (
        match['begin'] in f'{entry["path"]}/' or match['begin'] in f'{entry["root"]}/')]
    if not entries or age is None:
        draft.leave_out(option, 'it picks files by an expression', ALL_FILES)
        return
    for entry in entries:
        entry['cache-control'] = f'max-age={age}'
    _tell(draft, entries, option)


def _set_fallback(draft, option):
    """The file that a route gives for all paths, or for all but some."""
    expression, _, file = str(option.value).partition(' ')
    file = file.strip()[len('static:'):]
    entry = next((entry for entry in entries_of(draft) if entry['path'] == '/'
                  and file.startswith(f'{entry["root"].rstrip("/")}/')), None)
    expression, excepted = _exceptions(expression.replace('\\/', '/'))
    if entry is None or not (expression in THE_ROOT or ANY_PATH.match(expression)):
        draft.leave_out(option, *NO_RULES)
        return
    name = file[len(entry['root'].rstrip('/')) + 1:]
    _tell(draft, [entry], option)
    entry['index'] = name if '/' not in name else 'none'
    if expression in THE_ROOT:
        return
    entry['fallback'] = name
    for prefix in excepted:
        draft.append('static', [{'path': prefix.rstrip('/') or '/', 'fallback': 'application'}],
                     'the route leaves these paths to the application')
    _tell_difference(draft, option, name, excepted, expression)


def _tell_difference(draft, option, file, excepted, expression):
    """static knows folders; an expression says more of a path, and nothing of the method."""
    open_ended = [prefix for prefix in excepted if not prefix.endswith('/')]
    moved = [f'{prefix}docs (begins with {prefix}, but is not below it)' for prefix in open_ended]
    if '[^' in expression:
        moved.append('/missing.js (has a dot, and is no file)')
    paths = f'{file} instead of the application now answers paths such as {" and ".join(moved)}; ' \
        if moved else ''
    instead = ('{path: PREFIX, fallback: application} as a further entry of static for each path '
               'that the application must get') if moved else ''
    draft.leave_out(option, f'it is taken over in part: {paths}other methods than GET and HEAD, '
                    f'which got {file} too, are answered with 405', instead)


def _exceptions(expression):
    """The expression without the paths that it leaves out, and these."""
    but = ALL_BUT.match(expression)
    if not but:
        return expression, []
    paths = [but['before'] + name for name in (but['names'] or '').split('|')]
    return '^' + expression[but.end():], [f'/{path.lstrip("/")}' for path in paths]


ROWS = (
    maps('static-map', 'static', static_map(keeps_prefix=False),
         'what is no file goes on to the application (fallback: application)'),
    maps('static-map2', 'static', static_map(keeps_prefix=True),
         'the same, with the prefix as a folder below root'),
    maps('check-static static-check', 'static', check_static, 'with path: /'),
    refused('check-static-docroot', 'no proxy may name a folder',
            'static: [{path: /, root: FOLDER, fallback: application}]'),
    maps('static-index', 'static.index', collect('static-index'),
         'one index for a folder, which is redirected to its name with a slash'),
    maps('static-expires static-expires-uri static-expires-path-info', 'static.cache-control',
         collect('static-expires'),
         'cache-control, when the expression means whole folders'),
    refused('static-expires-*', 'it picks files by their type or age', ALL_FILES),
    refused('static-skip-ext', 'no file below root is hidden',
            'keep such files out of the folder', protects=True),
    refused('static-safe', 'links that leave root are not followed',
            'links: anywhere in the entry of static, or the files in its folder'),
    built_in('static-gzip*',
             '.br, .zst and .gz beside a file are sent to clients that accept them'),
    built_in('static-cache-paths static-cache-paths-name', 'files stay open for a moment'),
    built_in('honour-range', 'ranges are sent'),
    built_in('fileserve-mode file-serve-mode disable-sendfile',
             'files are sent by geventd itself, by the kernel'),
    built_in('offload-thread offload-threads static-offload-to-thread',
             'threads of its own send files'),
    maps('mimefile mime-file', 'static.types', mime_file, 'for other than the usual types'),
    maps('route route-uri', 'static.fallback', route,
         'REGEX static:FILE for all paths, or all but some, is fallback: FILE, and what that '
         'changes is told; no other rules'),
)
