# SPDX-License-Identifier: MIT
"""Servers that Debian does not have, or not as new: in a virtual environment, from the package
index that pip is configured for. Without an index the report lists them as not run."""
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / '.cache' / 'bench-peers'
PACKAGES = ('bjoern', 'granian', 'gunicorn', 'gevent', 'gevent-websocket', 'greenlet', 'uwsgi',
            'whitenoise')
# The newest frameworks, in a folder of their own, so that Debian's servers run Debian's.
FRAMEWORKS = ('Flask', 'Django', 'flask-sock')
FRAMEWORKS_FOLDER = ROOT / '.cache' / 'bench-frameworks'


def program(name):
    return FOLDER / 'bin' / name


def install(python):
    """Makes the environment once; reports on one line what could not be installed."""
    if not program('pip').exists():
        # With Debian's Flask and Django, with which the applications are measured.
        subprocess.run([python, '-m', 'venv', '--system-site-packages', str(FOLDER)], check=True)
    for package in PACKAGES:
        if _version(package):
            continue
        done = subprocess.run(
            [str(program('pip')), 'install', '--quiet', '--upgrade', '--ignore-installed',
             '--disable-pip-version-check', package], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f'cannot install {package}: {(done.stderr.strip().splitlines() or ["?"])[-1]}')
    if frameworks_missing():
        subprocess.run([str(program('pip')), 'install', '--quiet', '--disable-pip-version-check',
                        '--target', str(FRAMEWORKS_FOLDER), *FRAMEWORKS], check=False)


def frameworks_missing():
    """Why the newest frameworks cannot be run, or None."""
    missing = [package for package in FRAMEWORKS if not _version(package)]
    return f'{", ".join(missing)} could not be installed by pip' if missing else None


def frameworks():
    """Environment variables that make a server use the newest frameworks."""
    return {'PYTHONPATH': str(FRAMEWORKS_FOLDER)}


def _version(package):
    """The version of a package that was installed here, '' if there is none."""
    for folder in (*FOLDER.glob('lib/python3*/site-packages/*.dist-info'),
                   *FRAMEWORKS_FOLDER.glob('*.dist-info')):
        name, version = folder.name[:-len('.dist-info')].rsplit('-', 1)
        if name.lower().replace('_', '-') == package.lower():
            return version
    return ''


def missing(package):
    """A function for Kind.missing: says why this server cannot run."""
    return lambda: None if _version(package) else f'{package} could not be installed by pip'


def versions():
    return ', '.join(f'{package} {_version(package)}' for package in (*PACKAGES, *FRAMEWORKS)
                     if _version(package))


def environment():
    return {**os.environ, 'PATH': f'{FOLDER / "bin"}:{os.environ["PATH"]}'}
