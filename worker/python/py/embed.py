# SPDX-License-Identifier: MIT
"""Turns a Python file into a C++ header with its text: embed.py SOURCE NAME > HEADER."""
import sys

source, name = sys.argv[1:]
with open(source, encoding="ascii") as file:
    text = file.read()
compile(text, source, "exec")
print("// Generated from", source.rsplit("/", 1)[-1])
print("#pragma once")
print(f"inline constexpr char {name}[] =")
for line in text.splitlines(keepends=True):
    escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    print(f'    "{escaped}"')
print("    ;")
