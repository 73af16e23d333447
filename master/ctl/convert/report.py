# SPDX-License-Identifier: MIT
"""What the converter says on stderr of its result, for those who do not read to its end."""
import collections


def report(draft, output):
    """Sentences: what is written, what was not taken over, and what of it matters most. Without a
    file, `output`, only what was not taken over is told."""
    lines = [f'{output} is written; {summary(draft)}'] if output else (
        [summary(draft)] if draft.left_out else [])
    lines += draft.remarks if output else []
    lacks = lacking(draft)
    lines += [f'the result is not complete: it has no {" and no ".join(lacks)}'] if lacks else []
    for is_one, said in ((lambda left: left.runs, 'nothing runs this any more'),
                         (lambda left: left.protects, 'not taken over, though it protects')):
        found = [left.option.line for left in draft.left_out if is_one(left)]
        lines += [f'{said}: {", ".join(found)}'] if found else []
    return lines


def lacking(draft):
    """The keys without which no server starts."""
    named = [key for key in draft.settings if key in ('app.module', 'app.mounts')]
    return ([] if draft.listeners else ['listen']) + ([] if named else ['app.module'])


def summary(draft):
    counts = collections.Counter(left.option.name for left in draft.left_out)
    if not counts:
        return 'everything was taken over'
    names = ', '.join(name if count == 1 else f'{name} ({count} times)'
                      for name, count in counts.items())
    total = sum(counts.values())
    return (f'{total} {"option is" if total == 1 else "options are"} not taken over ({names}): '
            'the end of the result says why, and what to do instead')
