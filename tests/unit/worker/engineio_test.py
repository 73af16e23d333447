# SPDX-License-Identifier: MIT
"""sticky.py's line for a build without WebSocket, with stand-ins for engineio and the native
module."""
import importlib
import pathlib
import sys
import tempfile
import types
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3] / "worker" / "python" / "py"


class Native(types.SimpleNamespace):
    numproc = 1

    def __init__(self, worker, **more):
        super().__init__(warnings=[], worker=worker, **more)

    def worker_id(self):
        return self.worker

    def warn(self, text):
        self.warnings.append(text)


class Engineio(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        drivers = pathlib.Path(folder.name, "engineio", "async_drivers")
        drivers.mkdir(parents=True)
        for file in (drivers.parent / "__init__.py", drivers / "__init__.py",
                     drivers / "gevent_uwsgi.py", drivers / "threading.py"):
            file.write_text("")
        self.path, self.finders = sys.path[:], sys.meta_path[:]
        self.known = set(sys.modules)
        sys.path[:0] = [folder.name, str(SOURCE)]
        importlib.invalidate_caches()

    def tearDown(self):
        sys.path[:], sys.meta_path[:] = self.path, self.finders
        for name in set(sys.modules) - self.known:
            del sys.modules[name]

    def warnings_of(self, native, driver):
        sys.modules["_geventd_alarm"] = types.SimpleNamespace(native=lambda: native)
        importlib.import_module("sticky").follow_sessions(False)
        importlib.import_module(f"engineio.async_drivers.{driver}")
        return native.warnings

    def test_it_is_told_that_clients_stay_with_polling(self):
        (line,) = self.warnings_of(Native(0), "gevent_uwsgi")
        self.assertIn("stays with polling", line)
        self.assertIn("wslay", line)

    def test_the_first_worker_tells_it(self):
        self.assertEqual(self.warnings_of(Native(2), "gevent_uwsgi"), [])

    def test_another_driver_offers_a_websocket(self):
        self.assertEqual(self.warnings_of(Native(0), "threading"), [])

    def test_nothing_is_told_where_there_is_one(self):
        native = Native(0, websocket_handshake=print)
        self.assertEqual(self.warnings_of(native, "gevent_uwsgi"), [])


if __name__ == "__main__":
    unittest.main()
