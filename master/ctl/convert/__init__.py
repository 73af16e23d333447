# SPDX-License-Identifier: MIT
"""geventctl convert: writes a geventd configuration from one of uWSGI's or gunicorn's.

command_line: the arguments, and the exit code.
read: files and command lines become a list of options (model.Found).
tables: what becomes of each option; the docs are made of them too (../convert_docs.py).
answer: lets the tables act on the options, which gives a draft (model.Draft).
write: the draft as YAML with comments.
report: what is said of it on stderr.
spelling: texts of others in comments and messages.
cpu_formula: numbers of workers that follow the number of CPUs, for reading and tables.
"""
