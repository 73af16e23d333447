# SPDX-License-Identifier: MIT
"""Turns a Python file into a C++ header: embed.py source|code FILE NAME > HEADER.

`source` gives its text. `code` gives what CPython compiled from it, which takes no time at each
start; only an interpreter with the bytecode of the one that runs this script can load it. The
bytes are the same each time with the same PYTHONHASHSEED.
"""
import marshal
import sys


def print_text(text, name):
    print(f"inline constexpr char {name}[] =")
    for line in text.splitlines(keepends=True):
        escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        print(f'    "{escaped}"')
    print("    ;")


def print_bytes(data, name):
    print(f"inline constexpr unsigned char {name}[] = {{")
    for begin in range(0, len(data), 20):
        print("    " + " ".join(f"{byte}," for byte in data[begin:begin + 20]))
    print("};")


kind, path, name = sys.argv[1:]
with open(path, encoding="ascii") as file:
    text = file.read()
short = path.rsplit("/", 1)[-1]
code = compile(text, f"<geventd>/{short}", "exec")
print("// Generated from", short)
print("#pragma once")
if kind == "code":
    print_bytes(marshal.dumps(code), name)
else:
    print_text(text, name)
