# SPDX-License-Identifier: MIT
"""`python3 -m geventd`: becomes the program geventd that was installed with this package."""
import os
import sys
import sysconfig


def places():
    """Where pip puts programs, the present environment's first."""
    for scheme in (None, f"{os.name}_user", "posix_local"):
        if scheme is None or scheme in sysconfig.get_scheme_names():
            yield sysconfig.get_path("scripts", *([scheme] if scheme else []))
    packages = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    yield os.path.join(packages, "bin")  # of pip install --target


def main():
    programs = [os.path.join(place, "geventd") for place in places()]
    for program in programs:
        if os.access(program, os.X_OK):
            os.execv(program, [program, *sys.argv[1:]])
    sys.exit(f"the program geventd is missing; looked for {', '.join(programs)}")


if __name__ == "__main__":
    main()
