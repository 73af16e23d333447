# SPDX-License-Identifier: MIT
"""gunicorn's hooks: those that have a place in geventd, and what stands for the others."""
import dataclasses
import re

from .rows import maps, refused

NO_MASTER = 'the master runs no code of the application'
NO_NAME = 'geventd calls functions of modules, without the arguments that gunicorn gives'


def calls_in(option):
    """The functions, as module:function, that the hook consists of; [] if it is more than that."""
    return option.value.get('calls', [])


def lines_of(option, key):
    """The function without gunicorn's arguments, and the key, if the file shows the function."""
    body = option.value.get('body')
    if not body:
        return ()
    name, given = option.value['name'], 'pid, reason' if key == 'hooks.worker-died' else ''
    body = without_worker(body, 'pid' if given else 'os.getpid()')
    used = [f'    # geventd gives no {argument}: write what stands for it'
            for argument in body['arguments']]
    others = [f'# {", ".join(body["others"])}: as in {option.place.partition(":")[0]}'] \
        if body['others'] else []
    imports = [*body['imports'], '', ''] if body['imports'] else ['', '']
    section, _, last = key.partition('.')
    return ('# geventd_hooks.py, beside the application', *others, *imports,
            f'def {name}({given}):', *used, *body['lines'], '',
            '# here', f'{section}:', f'  {last}: geventd_hooks:{name}')


def without_worker(body, pid):
    """The hook with the worker's number and the log as geventd's functions get them."""
    lines, imports, left = body['lines'], list(body['imports']), []
    for argument in body['arguments']:
        for pattern, instead, needs in (
                (rf'\b{argument}\.log\b', "logging.getLogger('gunicorn.error')", 'import logging'),
                (r'\bworker\.pid\b', pid, 'import os')):
            changed = [re.sub(pattern, instead, line) for line in lines]
            module = needs.partition(' ')[2]
            if changed != lines and f'{module}.' in instead and needs not in imports:
                imports.append(needs)
            lines = changed
        if any(re.search(rf'\b{argument}\b', line) for line in lines):
            left.append(argument)
    return {**body, 'lines': lines, 'imports': imports, 'arguments': left}


def because_of(option):
    body = option.value.get('body')
    mentions = body and any('SIGUSR2' in line for line in body['lines'])
    return NO_NAME + ('; it sends SIGUSR2 to no worker, so that handlers of it are needed no more'
                      if mentions else '')


def hook(key, how):
    """A hook that is nothing but the call of one importable function becomes the key; of any other
    the place is told. `how` the function is called there."""
    def take(draft, option):
        calls = calls_in(option) if isinstance(option.value, dict) else None
        body = option.value.get('body') if isinstance(option.value, dict) else None
        if body and body['says']:
            named = dataclasses.replace(option, line=option.line.rstrip(':'))
            draft.built_in.append((named, 'it only writes to the log, where geventd tells as much'))
        elif calls and len(calls) == 1 and key not in draft.settings:
            draft.set(key, calls[0], option.origin())
        elif calls is not None:
            draft.leave_out(option, because_of(option), f'{key}: module:function, {how}',
                            snippet=lines_of(option, key))
    return take


def post_fork(draft, option):
    """It comes before the load there, unless preload_app is set, which the end knows."""
    if isinstance(option.value, dict):
        draft.facts['post_fork'] = option


IN_EACH_WORKER = 'which each worker calls before it serves'

HOOKS = (
    maps('post_fork', 'hooks.post-fork', post_fork,
         'a function, as module:function, without arguments; what must come before the '
         'application is loaded belongs into app.before-load'),
    maps('post_worker_init', 'hooks.post-fork', hook('hooks.post-fork', IN_EACH_WORKER),
         'a function, as module:function, without arguments'),
    maps('worker_int', 'hooks.drain-begins',
         hook('hooks.drain-begins', 'which each worker calls when it is told to end'),
         'a function, as module:function, without arguments; called at each stop and reload'),
    maps('worker_exit', 'hooks.worker-exit',
         hook('hooks.worker-exit', 'which each worker calls at its end, if it is not killed'),
         'a function, as module:function, without arguments; not for a killed worker'),
    maps('child_exit', 'hooks.worker-died',
         hook('hooks.worker-died', 'which another worker calls with the pid and the reason'),
         'a function, as module:function, of the pid and the reason; called in another worker'),
    refused('on_starting pre_exec on_exit', NO_MASTER,
            'ExecStartPre= and ExecStopPost= of the unit, or the entrypoint of the container'),
    refused('when_ready', NO_MASTER,
            'Type=notify of the unit, /readyz of metrics.listen, or the line in the log'),
    refused('pre_fork on_reload nworkers_changed', NO_MASTER,
            'app.before-load names what runs at each load, hooks.post-fork what each worker calls'),
    refused('worker_abort', 'a worker that stands still is killed without a word to it',
            'limits.blocked-hub and limits.kill-blocked-hub log the stack that blocks'),
    refused('pre_request post_request', 'there are no hooks around requests',
            'a middleware around the application; uwsgi.after_req_hook is called after each'),
    refused('on_dirty_starting dirty_post_fork dirty_worker_init dirty_worker_exit',
            'there are no such processes', 'Celery, RQ or another queue'),
)


def finish_hooks(draft):
    """post_fork: before the load when each worker loads the application itself, else after it."""
    option = draft.facts.get('post_fork')
    preload = draft.settings.get('app.preload')
    if option is None:
        return
    if calls_in(option) and not (preload and preload.value):
        draft.append('app.before-load', calls_in(option), option.origin())
        return
    hook('hooks.post-fork', f'{IN_EACH_WORKER}; app.before-load names what must come before the '
         'application')(draft, option)
