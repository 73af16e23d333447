# SPDX-License-Identifier: MIT
"""The fixtures that start and audit servers, for every folder of tests that needs a real one
(its conftest.py loads them as a plugin)."""
import contextlib
import pathlib
import shutil
import tempfile
import uuid

import pytest

from . import audit, procfs
from .apps import HELLO
from .limits import GEVENTD
from .program import check
from .server import Server


def pytest_addoption(parser):
    parser.addoption('--slow', action='store_true', help='run the slow tests too')


def pytest_collection_modifyitems(config, items):
    if not config.getoption('--slow'):
        for item in items:
            if item.get_closest_marker('slow'):
                item.add_marker(pytest.mark.skip(reason='slow: run with ./dev test --soak'))


def pytest_configure(config):
    procfs.become_subreaper()


def pytest_sessionstart(session):
    if not GEVENTD.exists():
        raise pytest.UsageError(f'{GEVENTD} is missing: run ./dev build')


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    setattr(item, f'report_{call.when}', outcome.get_result())


@pytest.fixture
def folder():
    """A short path, since unix socket paths have 107 bytes at most."""
    path = pathlib.Path(tempfile.mkdtemp(prefix='gd-', dir='/tmp'))
    yield path
    shutil.rmtree(path)


@contextlib.contextmanager
def audited_servers(folder, has_failed, kind=Server):
    """A function that makes servers; all are ended and audited at the end."""
    servers = []

    def make():
        home = folder / f's{len(servers)}'
        home.mkdir()
        servers.append(kind(home, uuid.uuid4().hex))
        return servers[-1]

    known = set(procfs.children(procfs.os.getpid()))
    yield make
    complaints = [complaint for server in reversed(servers) for complaint in audit.audit(server)]
    audit.reap_orphans(known)
    if complaints or has_failed():
        for server in servers:
            if server.log is not None:
                print(f'--- log of {server.folder.name}\n{server.log.text()}')
    assert not complaints, '\n'.join(complaints)


def kind_for(request):
    """A module of tests may name another class of servers: SERVER."""
    return getattr(request.module, 'SERVER', Server)


def starter(make_server):
    def start(app=None, config=None, prepare=None, **options):
        made = make_server()
        if prepare:
            prepare(made.folder)
        if isinstance(app, pathlib.Path):
            shutil.copytree(app, made.folder, dirs_exist_ok=True)
        elif app is not None:
            made.write_app(app)
        made.write_config(config)
        return made.start(**options)
    return start


@pytest.fixture
def make_server(folder, request):
    """Makes servers without starting them; ends and audits each after the test."""
    def has_failed():
        report = getattr(request.node, 'report_call', None)
        return report is not None and report.failed

    with audited_servers(folder, has_failed, kind_for(request)) as make:
        yield make


@pytest.fixture
def server(make_server):
    """server(app, config, ...): a running geventd. `app` is the source of app.py or a folder that
    holds the application; `config` is merged over Server.default_config(); `prepare` is called with
    the folder before the start."""
    return starter(make_server)


@pytest.fixture
def checked(make_server):
    """checked(config, ...): checks an application with these settings of `app`; returns the exit
    code and all output."""
    def run(config, **more):
        made = make_server()
        made.write_app(HELLO)
        made.write_config({'app': config, **more})
        return check(made)
    return run


@pytest.fixture(scope='module')
def module_server(request):
    """Like `server`, for module fixtures whose tests only read from the same server."""
    path = pathlib.Path(tempfile.mkdtemp(prefix='gd-', dir='/tmp'))
    failed_before = request.session.testsfailed
    with audited_servers(path, lambda: request.session.testsfailed > failed_before,
                         kind_for(request)) as make:
        yield starter(make)
    shutil.rmtree(path)
