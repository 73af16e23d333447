# SPDX-License-Identifier: MIT
"""Each rule must catch what it forbids: small trees with one fault each."""

import pytest

import rules

TABLE = """
| module | does | may include | libraries |
| --- | --- | --- | --- |
| src/base | . | | fmt |
| src/net | . | base | fmt |
| worker | . | base net | fmt |
| worker/python | . | base worker | python, json |
"""
HEAD = '// SPDX-License-Identifier: MIT\n'


@pytest.fixture
def tree(tmp_path):
    def make(files, table=TABLE):
        for name, text in {'docs/architecture.md': table, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        names = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob('*') if p.is_file())
        return tmp_path, names
    return make


def faults(check, tree_and_names):
    return [text for _, _, text in check(*tree_and_names)]


def test_an_edge_of_the_table_is_allowed(tree):
    files = {'src/base/fd.h': HEAD, 'src/net/address.cpp': HEAD + '#include "base/fd.h"\n'}
    assert faults(rules.check_layers, tree(files)) == []


def test_an_edge_against_the_table_is_refused(tree):
    files = {'src/net/address.h': HEAD, 'src/base/fd.cpp': HEAD + '#include "net/address.h"\n'}
    assert 'src/base may not include net/address.h' in faults(rules.check_layers, tree(files))[0]


def test_a_folder_beside_others_that_have_a_row_needs_one(tree):
    assert faults(rules.check_layers, tree({'worker/python/api/module.cpp': HEAD})) == []
    assert 'no row of its own' in faults(rules.check_layers, tree({'worker/serve/a.cpp': HEAD}))[0]


def test_a_folder_may_use_one_beside_it_when_its_row_says_so(tree):
    table = TABLE + '| worker/serve | . | worker/signals | |\n| worker/signals | . | | |\n'
    header = {'worker/signals/table.h': HEAD, 'worker/serve/turn.h': HEAD}
    down = {'worker/serve/turn.cpp': HEAD + '#include "worker/signals/table.h"\n', **header}
    assert faults(rules.check_layers, tree(down, table)) == []
    up = {'worker/signals/table.cpp': HEAD + '#include "worker/serve/turn.h"\n', **header}
    assert 'worker/signals may not include' in faults(rules.check_layers, tree(up, table))[0]


def test_python_is_refused_outside_its_folder(tree):
    files = {'worker/worker.cpp': HEAD + '#include <Python.h>\n'}
    assert 'python is not its own' in faults(rules.check_layers, tree(files))[0]
    files = {'worker/worker.cpp': HEAD, 'worker/python/ref.h': HEAD + '#include <Python.h>\n'}
    assert faults(rules.check_layers, tree(files)) == []


def test_a_folder_of_a_module_is_one_of_its_own(tree):
    table = TABLE + '| worker/python/hub | . | worker/python | |\n'
    files = {'worker/python/hub/a.h': HEAD + '#include "worker/python/ref.h"\n',
             'worker/python/ref.h': HEAD}
    assert faults(rules.check_layers, tree(files, table)) == []
    files['worker/python/ref.h'] = HEAD + '#include "worker/python/hub/a.h"\n'
    assert 'worker/python may not include' in faults(rules.check_layers, tree(files, table))[0]


def test_an_unknown_library_is_refused(tree):
    files = {'src/base/fd.cpp': HEAD + '#include <absl/strings/str_cat.h>\n'}
    assert 'is of no library' in faults(rules.check_layers, tree(files))[0]


def test_a_heavy_header_belongs_into_one_source(tree):
    heavy = HEAD + '#include <nlohmann/json.hpp>\n'
    assert faults(rules.check_layers, tree({'worker/python/a.cpp': heavy})) == []
    assert 'keep it in one' in faults(rules.check_layers, tree({'worker/python/b.cpp': heavy}))[0]
    files = {'worker/python/b.cpp': HEAD, 'worker/python/c.h': heavy}
    assert 'too heavy for a header' in faults(rules.check_layers, tree(files))[0]


def test_a_circle_of_modules_is_refused(tree):
    table = TABLE.replace('| src/base | . | |', '| src/base | . | net |')
    assert 'src/base -> src/net -> src/base' in faults(rules.check_cycles, tree({}, table))[0]


def test_a_circle_of_folders_is_refused(tree):
    files = {'src/net/a.h': HEAD + '#include "net/deep/b.h"\n',
             'src/net/deep/b.h': HEAD + '#include "net/c.h"\n', 'src/net/c.h': HEAD}
    assert 'src/net -> src/net/deep -> src/net' in faults(rules.check_folder_cycles, tree(files))[0]
    files['src/net/deep/b.h'] = HEAD
    assert not faults(rules.check_folder_cycles, tree(files))


def test_a_long_file_is_refused(tree):
    assert '401 lines' in faults(rules.check_lengths, tree({'src/net/a.cpp': 'x\n' * 401}))[0]


@pytest.mark.parametrize('name, line', [('docs/x.md', 'Each socket takes one watch.'),
                                        ('src/net/a.h', '/// Lives in: every process.')])
def test_a_line_that_stands_twice_is_refused(tree, name, line):
    assert len(faults(rules.check_repeats, tree({name: f'{line}\n{line}\n'}))) == 1
    assert not faults(rules.check_repeats, tree({name: f'{line}\n\n{line}\n'}))


def test_a_missing_licence_line_is_refused(tree):
    assert faults(rules.check_first_line, tree({'src/net/a.cpp': '#include <x>\n'}))


@pytest.mark.parametrize('code', [
    'auto* p = new Thing(1);', 'delete p;', 'delete [] p;', 'usleep(3);',
    'std::this_thread::sleep_for(1s);', '// TODO later', '#include <iostream>',
])
def test_banned_code_is_refused(tree, code):
    assert len(faults(rules.check_banned, tree({'src/net/a.cpp': HEAD + code + '\n'}))) == 1


@pytest.mark.parametrize('code', [
    'Thing(const Thing&) = delete;', '// a new idea (good)', 'log("sleep(3)");', 'int news = 1;',
])
def test_innocent_code_passes(tree, code):
    assert faults(rules.check_banned, tree({'src/net/a.cpp': HEAD + code + '\n'})) == []


@pytest.mark.parametrize('call', [
    'PyErr_Format(PyExc_ValueError, "%.*s is bad; so", 3, text);',
    'return PyErr_Format(error,\n                    "all is well, "\n "not %f", 1.0);',
    'PyErr_WarnFormat(category, 1, "%*d", 3, n);', 'name = PyUnicode_FromFormat("%lx", n);',
])
def test_a_format_that_python_does_not_know_is_refused(tree, call):
    files = {'worker/python/a.cpp': HEAD + call + '\n'}
    assert len(faults(rules.check_python_formats, tree(files))) == 1


def test_the_formats_of_python_pass(tree):
    call = 'PyErr_Format(error, "%.100s (%R, %U; %S) 100%% %d %zd \\x%02x %llu", a, b, c);\n' \
        'printf("%.*s", 3, text);\n'
    assert faults(rules.check_python_formats, tree({'worker/python/a.cpp': HEAD + call})) == []


@pytest.mark.parametrize('code', [
    'return Py_NewRef(Py_None);', 'PyModule_AddObjectRef(module, "a", b);', 'Py_XNewRef(a);',
    '#if PY_VERSION_HEX >= 0x030A0000\nPyGC_Enable();\n#endif\nPyGC_Disable();',
])
def test_what_the_oldest_python_lacks_is_refused(tree, code):
    found = faults(rules.check_python_names, tree({'worker/python/a.cpp': HEAD + code + '\n'}))
    assert len(found) == 1


@pytest.mark.parametrize('code', [
    'Py_INCREF(a);', '// Py_NewRef(a)', 'PyModule_AddObject(module, "a", b);',
    'PyMapping_HasKey(a);',
    '#if PY_VERSION_HEX >= 0x030A0000\nPyGC_Enable();\n#else\nf();\n#endif\nPyDict_GetItem(a);',
])
def test_what_every_python_has_passes(tree, code):
    files = {'worker/python/a.cpp': HEAD + code + '\n'}
    assert faults(rules.check_python_names, tree(files)) == []
