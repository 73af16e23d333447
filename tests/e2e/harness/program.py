# SPDX-License-Identifier: MIT
"""Runs of the programs that end by themselves."""
import re
import subprocess

from .limits import DEADLINE, GEVENTCTL, GEVENTD


def run(program, *arguments, cwd='/', environment=None, timeout=DEADLINE):
    return subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout, cwd=cwd, env=environment, stdin=subprocess.DEVNULL)


def geventd(*arguments, **options):
    return run(GEVENTD, *arguments, **options)


def geventctl(*arguments, **options):
    return run(GEVENTCTL, *arguments, **options)


def check(server, *arguments, timeout=DEADLINE, wrapper=(), program=GEVENTD):
    """(exit code, all output) of `geventd -c FILE --check`, run by `wrapper`."""
    result = run(*wrapper, program, '-c', server.config_path, '--check', *arguments,
                 cwd=server.folder, environment=server.environment(), timeout=timeout)
    return result.returncode, result.stdout + result.stderr


def refusal(result):
    """The output of a check() that has failed in a sentence."""
    code, output = result
    assert code == 1 and 'Traceback' not in output, output
    return output


def places(output):
    """{(line, column)} of the diagnostics."""
    return {(int(line), int(column))
            for line, column in re.findall(r'server\.yaml:(\d+):(\d+): ', output)}
