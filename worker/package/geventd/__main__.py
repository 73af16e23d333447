# SPDX-License-Identifier: MIT
"""`python3 -m geventd`: becomes the program geventd that was installed with this package."""
import os
import sys
import sysconfig


def places():
    """Where pip may have put the program that belongs to this package."""
    packages = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    yield os.path.join(packages, "bin")  # pip install --target
    lib, python, name = packages.split(os.sep)[-3:] if packages.count(os.sep) > 2 else ("", "", "")
    if lib.startswith("lib") and python.startswith("python3") and name.endswith("-packages"):
        yield os.path.normpath(os.path.join(packages, "../../../bin"))  # below any prefix
    yield sysconfig.get_path("scripts")


def main():
    if sys.prefix != sys.base_prefix:  # as if the environment of this interpreter were activated
        os.environ["VIRTUAL_ENV"] = sys.prefix
    programs = [os.path.join(place, "geventd") for place in places()]
    for program in programs:
        if os.access(program, os.X_OK):
            os.execv(program, [program, *sys.argv[1:]])
    sys.exit(f"the program geventd is missing; looked for {', '.join(programs)}")


if __name__ == "__main__":
    main()
