# SPDX-License-Identifier: MIT
"""Certificates change, a reload and an upgrade go on, and no request by TLS is lost."""
import ssl

from harness.steady_load import APP, SteadyLoad
from harness.tls import SecureServer, TlsClient

SERVER = SecureServer
OTHERS = ('behind nginx', 'kept behind nginx', 'upload behind nginx', 'stream behind nginx')


def resumes(running, session):
    """Whether a connection goes on with the session of an earlier one, and its own."""
    address = tuple(running.address())
    context = session[0] if session else running.authority.trusting(
        version=ssl.TLSVersion.TLSv1_3)
    with TlsClient(address, context, address[0], session=session and session[1]) as client:
        assert client.get('/').body == b'hello'
        return client.socket.session_reused, (context, client.socket.session)


def test_nothing_is_lost(server):
    running = server(APP, {'workers': {'processes': 2}})
    with SteadyLoad(running.address(), None, stream_seconds=1, without=OTHERS) as load:
        for _ in range(3):
            mark = running.log.mark()
            running.authority.issue('127.0.0.1')
            running.wait_log('has changed: 127.0.0.1 is valid until', since=mark)
        _, session = resumes(running, None)
        assert running.ctl('reload').returncode == 0
        again, session = resumes(running, session)
        assert again
        assert running.ctl('upgrade').returncode == 0
        running.follow(1)
        again, _ = resumes(running, session)
        assert again
    assert load.faults == []
    assert all(load.answered.values()), load.answered
    running.wait_status(lambda s: s['upgrade']['former'] is None)
