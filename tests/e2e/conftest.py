# SPDX-License-Identifier: MIT
import pathlib
import shutil
import tempfile
import uuid

import pytest

from harness import audit, procfs
from harness.limits import GEVENTD
from harness.server import Server


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
    """A short path: unix sockets' names have 107 bytes at most."""
    path = pathlib.Path(tempfile.mkdtemp(prefix='gd-', dir='/tmp'))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def make_server(folder, request):
    """Makes servers that are not started yet; ends and audits each after the test."""
    servers = []

    def make():
        home = folder / f's{len(servers)}'
        home.mkdir()
        servers.append(Server(home, uuid.uuid4().hex))
        return servers[-1]

    known = set(procfs.children(procfs.os.getpid()))
    yield make
    complaints = [complaint for server in reversed(servers) for complaint in audit.audit(server)]
    audit.reap_orphans(known)
    report = getattr(request.node, 'report_call', None)
    if complaints or (report is not None and report.failed):
        for server in servers:
            if server.log is not None:
                print(f'--- log of {server.folder.name}\n{server.log.text()}')
    assert not complaints, '\n'.join(complaints)


@pytest.fixture
def server(make_server):
    """server(app, config, ...): a running geventd. `app` is the source of app.py or a folder that
    holds the application; `config` is merged over Server.default_config()."""
    def start(app=None, config=None, **options):
        made = make_server()
        if isinstance(app, pathlib.Path):
            shutil.copytree(app, made.folder, dirs_exist_ok=True)
        elif app is not None:
            made.write_app(app)
        made.write_config(config)
        return made.start(**options)
    return start
