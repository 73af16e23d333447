# SPDX-License-Identifier: MIT
"""Makes the interpreter that executes this file a worker of geventd. Only the master executes it,
with the worker's role as arguments, which are for `ps`.
"""
import os
import socket
import struct
import sys
from importlib.machinery import BuiltinImporter, EXTENSION_SUFFIXES, PathFinder
from importlib.util import module_from_spec

OLDEST = (3, 9)
CHANNEL = 3  # the descriptor of the line to the master
FAILED = 4  # of ipc::MessageType; the header is that of src/ipc/channel.cpp
MAGIC = 0x67656402
APPLICATION_FAILED = 64  # of ExitCode


def give_up(reason):
    """Tells the master why this interpreter is no worker, and ends."""
    text = reason.encode(errors="backslashreplace")  # a path may be any bytes
    header = struct.pack("=10I", MAGIC, FAILED, 0, 0, 0, 0, APPLICATION_FAILED, 0, 1, len(text))
    with socket.socket(fileno=CHANNEL) as channel:
        channel.send(header + text)
    os._exit(APPLICATION_FAILED)


def refuse_unfit():
    """Gives up on an interpreter for which there can be no module of geventd."""
    this = f"{sys.executable} is {sys.implementation.name} {sys.version.split()[0]}"
    if sys.implementation.name != "cpython":
        give_up(f"{this}: geventd runs applications on CPython, for which greenlets are made")
    if sys.version_info < OLDEST:
        give_up(f"{this}: geventd needs CPython {OLDEST[0]}.{OLDEST[1]} or newer")
    if "t" in getattr(sys, "abiflags", ""):
        give_up(f"{this}, built without the GIL: gevent needs a build with the GIL")


def pip():
    """The command for this interpreter: uv puts no pip into the environments that it makes."""
    try:
        with open(os.path.join(sys.prefix, "pyvenv.cfg"), errors="replace") as file:
            is_made_by_uv = any(line.split("=")[0].strip() == "uv" for line in file)
    except OSError:
        is_made_by_uv = False
    return (f"uv pip install --python {sys.executable}" if is_made_by_uv
            else f"{sys.executable} -m pip install")


def load(name, folder):
    """Imports a module of this package from where the package is: sys.path need not lead there."""
    spec = PathFinder.find_spec(name, [folder])
    if spec is None:
        tag = "%d%d" % sys.version_info[:2]
        give_up(
            f"geventd has no module for {sys.executable}, CPython {sys.version.split()[0]}: there "
            f"is no _worker{EXTENSION_SUFFIXES[0]} in {folder}; install geventd with "
            f"{pip()} ./geventd-*-cp{tag}-*.whl"
        )
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load_package():
    """Returns the native module. Leaves no bytecode beside the package, which would survive it."""
    folder = os.path.dirname(os.path.abspath(__file__))
    writes_none, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    native = load("geventd._worker", folder)
    load("geventd", os.path.dirname(folder))
    sys.dont_write_bytecode = writes_none
    return native


def forget_this_script():
    """Leaves an interpreter like one that was started without a script."""
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        del sys.path[0]  # the script's folder
    sys.argv[:] = ["geventd"]
    own = sys.modules["__main__"].__dict__
    empty = {"__name__": "__main__", "__doc__": None, "__package__": None, "__spec__": None,
             "__loader__": BuiltinImporter, "__builtins__": own["__builtins__"]}
    own.clear()
    own.update(empty)


def main():
    refuse_unfit()
    try:
        native = load_package()
    except ImportError as error:
        give_up(f"{sys.executable} cannot load geventd's module: {error}")
    forget_this_script()  # takes the names of this file, too
    native._serve()


if __name__ == "__main__":
    main()
