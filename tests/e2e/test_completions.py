# SPDX-License-Identifier: MIT
"""What shells offer after geventctl."""
import shutil
import subprocess

import pytest

from harness.limits import DEADLINE, GEVENTCTL, REPOSITORY

FOLDER = REPOSITORY / 'packaging/completions'
COMMANDS = {'status', 'requests', 'stacks', 'top', 'reload', 'upgrade', 'stop', 'pause', 'resume',
            'workers', 'signal', 'reopen-logs', 'websockets', 'convert', 'help'}


def bash(*words, cwd=None):
    """What bash offers for the last of the words."""
    script = (f'source {FOLDER}/geventctl.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
              '_geventctl; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(['bash', '-c', script, 'bash', str(GEVENTCTL), *words], cwd=cwd,
                          capture_output=True, text=True, check=True)
    assert done.stderr == ''
    return set(done.stdout.split())


def test_bash_offers_commands_and_options(tmp_path):
    assert bash('') == COMMANDS
    assert bash('re') == {'requests', 'reload', 'resume', 'reopen-logs'}
    assert bash('-') == {'--help', '--version', '--config', '--socket', '--json', '--payload',
                         '--no-wait'}
    assert bash('--json', 'sta') == {'status', 'stacks'}
    assert bash('reload', 'st') == set()
    assert bash('signal', '9', '--payload', 'st') == set()
    (tmp_path / 'server.yaml').touch()
    assert bash('-c', 'ser', cwd=tmp_path) == {'server.yaml'}


# A shell on a terminal of its own: two tabs list what there is.
ZSH = f'''
zmodload zsh/zpty
zpty shell TERM=dumb zsh -f -i
zpty -w shell "fpath=({FOLDER} \\$fpath); path=({GEVENTCTL.parent} \\$path)"
zpty -w shell "autoload -Uz compinit; compinit -u -D; echo set-up"
zpty -r shell answer '*set-up*set-up*'
zpty -w -n shell "geventctl re"$'\\t\\t'
zpty -r shell answer '*reopen-logs*'
print -r -- $answer
zpty -d shell
'''


@pytest.mark.skipif(shutil.which('zsh') is None, reason='zsh is not installed')
def test_zsh_offers_commands_and_what_they_do():
    done = subprocess.run(['zsh', '-fc', ZSH], capture_output=True, text=True, timeout=DEADLINE)
    assert 'reload       -- replace the workers' in done.stdout and 'reopen-logs' in done.stdout
