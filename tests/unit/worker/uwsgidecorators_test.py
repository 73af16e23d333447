# SPDX-License-Identifier: MIT
"""uwsgidecorators.py with a stand-in for the module uwsgi that records its calls."""
import importlib
import pathlib
import sys
import threading
import types
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3] / "worker" / "python" / "py"


class Uwsgi(types.ModuleType):
    def __init__(self):
        super().__init__("uwsgi")
        self.calls = []
        self.handlers = {}
        self.master = 42
        self.worker = 1

    def masterpid(self):
        return self.master

    def worker_id(self):
        return self.worker

    def signal_registered(self, num):
        return True if num in self.handlers else None

    def register_signal(self, num, target, handler):
        self.handlers[num] = (target, handler)

    def __getattr__(self, name):
        if name.startswith("__") or name == "post_fork_hook":
            raise AttributeError(name)
        return lambda *args: self.calls.append((name, *args))


class Decorators(unittest.TestCase):
    def setUp(self):
        self.uwsgi = sys.modules["uwsgi"] = Uwsgi()
        sys.modules.pop("uwsgidecorators", None)
        self.addCleanup(sys.modules.pop, "uwsgi")
        sys.path.insert(0, str(SOURCE))
        self.addCleanup(sys.path.remove, str(SOURCE))

    def load(self):
        return importlib.import_module("uwsgidecorators")

    def test_import_fails_without_a_master(self):
        self.uwsgi.master = 0
        with self.assertRaises(Exception):
            self.load()

    def test_signal_registers_and_returns_the_function_itself(self):
        def handler(num):
            pass

        self.assertIs(self.load().signal(17, target="workers")(handler), handler)
        self.assertEqual(self.uwsgi.handlers[17], ("workers", handler))

    def test_each_source_takes_a_free_number_or_the_given_one(self):
        decorators = self.load()
        self.uwsgi.handlers[0] = ("", None)
        decorators.timer(3)(print)
        decorators.rbtimer(4, signum=99)(print)
        decorators.rbtimer(4, iterations=5)(print)
        decorators.mstimer(5, target="worker2")(print)
        decorators.cron(59, 3, -1, -2, 7)(print)
        decorators.filemon("/tmp")(print)
        self.assertEqual(
            self.uwsgi.calls,
            [
                ("add_timer", 1, 3),
                ("add_rb_timer", 99, 4, 0),
                ("add_rb_timer", 2, 4, 5),
                ("add_ms_timer", 3, 5),
                ("add_cron", 4, 59, 3, -1, -2, 7),
                ("add_file_monitor", 5, "/tmp"),
            ],
        )
        self.assertEqual(self.uwsgi.handlers[3][0], "worker2")

    def test_given_number_needs_no_free_one(self):
        decorators = self.load()
        self.uwsgi.handlers.update(dict.fromkeys(range(256)))
        decorators.timer(3, signum=7)(print)
        with self.assertRaises(Exception):
            decorators.timer(3)(print)

    def test_postfork_runs_in_all_workers_or_in_one_after_an_earlier_hook(self):
        ran = []
        self.uwsgi.__dict__["post_fork_hook"] = lambda: ran.append("earlier")
        decorators = self.load()

        @decorators.postfork
        def everywhere():
            ran.append("everywhere")

        @decorators.postfork(2)
        def second():
            ran.append("second")

        self.uwsgi.post_fork_hook()
        self.assertEqual(ran, ["earlier", "everywhere"])
        self.uwsgi.worker = 2
        self.uwsgi.post_fork_hook()
        self.assertEqual(ran[2:], ["earlier", "everywhere", "second"])

    def test_lock_is_released_when_the_function_raises(self):
        @self.load().lock
        def broken(value):
            """its words"""
            raise KeyError(value)

        with self.assertRaises(KeyError):
            broken(1)
        self.assertEqual(self.uwsgi.calls, [("lock",), ("unlock",)])
        self.assertEqual((broken.__name__, broken.__doc__), ("broken", "its words"))

    def test_lock_passes_the_result_on(self):
        self.assertEqual(self.load().lock(lambda a, b=1: a + b)(2, b=3), 5)

    def test_thread_runs_the_call_elsewhere_and_returns_the_function(self):
        ran = threading.Event()
        seen = []

        def work(value, more=None):
            seen.append((value, more, threading.current_thread()))
            ran.set()

        self.assertIs(self.load().thread(work)(1, more=2), work)
        self.assertTrue(ran.wait(10))
        self.assertEqual(seen[0][:2], (1, 2))
        self.assertTrue(seen[0][2].daemon)
        self.assertIsNot(seen[0][2], threading.current_thread())

    def test_harakiri_is_taken_back_even_when_the_function_raises(self):
        @self.load().harakiri(5)
        def slow():
            raise KeyError

        with self.assertRaises(KeyError):
            slow()
        self.assertEqual(
            self.uwsgi.calls, [("set_user_harakiri", 5), ("set_user_harakiri", 0)]
        )

    def test_what_is_not_offered_can_be_imported_and_says_so_when_used(self):
        decorators = self.load()
        for name in ("spool", "spoolforever", "spoolraw", "mulefunc", "mule", "muleloop",
                     "mulemsg", "farm", "rpc", "erlang"):
            with self.assertRaisesRegex(NotImplementedError, f"uwsgidecorators.{name}: "):
                getattr(decorators, name)(print)
        with self.assertRaisesRegex(NotImplementedError, "geventd.signal"):
            decorators.spool(pass_arguments=True)


if __name__ == "__main__":
    unittest.main()
