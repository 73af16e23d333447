# SPDX-License-Identifier: MIT
"""What ./dev does before and around its commands: its environment, and what it shows."""
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def start(folder, sourced, **environment):
    """The output of a ./dev that sources `sourced` instead of packaging/apt.sh."""
    shutil.copy(ROOT / 'dev', folder)
    (folder / 'packaging').mkdir(exist_ok=True)
    (folder / 'packaging/apt.sh').write_text(sourced)
    result = subprocess.run([folder / 'dev', 'help'], env=environment, check=True,
                            capture_output=True, text=True)
    return result.stdout.splitlines()


def names(folder, **environment):
    lines = start(folder, 'env\nexit\n', **environment)
    # bash itself sets these for its children.
    return {line.split('=')[0] for line in lines} - {'_', 'PWD', 'OLDPWD', 'SHLVL'}


def test_it_starts_from_a_bare_environment(tmp_path):
    wanted = {'HOME', 'PATH', 'LANG', 'TERM', 'CI', 'GEVENTD_BUILD', 'PYVER'}
    unwanted = {'CXXFLAGS', 'PYTHONPATH', 'PYTHONDONTWRITEBYTECODE', 'LC_ALL', 'http_proxy',
                'GEVENTD_SANITIZED', 'DEV_STARTED_ANEW'}
    given = dict.fromkeys(wanted | unwanted, 'x') | {'PATH': '/usr/bin:/bin'}
    assert names(tmp_path, **given) == wanted


def test_what_is_missing_has_a_value(tmp_path):
    assert names(tmp_path) == {'HOME', 'PATH', 'LANG', 'TERM'}


def test_the_progress_of_apt_is_shown_in_tenths_where_no_terminal_is(tmp_path):
    lines = [f'dlstatus:1:{percent}.25:Retrieving file' for percent in range(0, 100, 5)]
    lines += ['something else', 'pmstatus:dpkg-exec:0.0000:Running dpkg',
              'pmstatus:libev4:57.1429:Unpacking libev4: amd64', 'pmstatus:libev4:100:Installed']
    shown = start(tmp_path, f"""
. {ROOT}/packaging/apt.sh
printf '%s\\n' {' '.join(f"'{line}'" for line in lines)} | show_progress
exit
""")
    assert [line.split() for line in shown] == [
        *(['downloading', str(percent), '%'] for percent in range(0, 100, 10)),
        ['installing', '0', '%'], ['installing', '57', '%'], ['installing', '100', '%']]
