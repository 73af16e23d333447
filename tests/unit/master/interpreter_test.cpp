// SPDX-License-Identifier: MIT
#include "master/interpreter/interpreter.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "master/interpreter/names_in.h"
#include "master/interpreter/packages.h"
#include "tests/unit/net/temp_dir.h"

namespace geventd::master {
namespace {

namespace fs = std::filesystem;

/// Files as those of an installation of Python.
class InterpreterTest : public ::testing::Test {
  protected:
    void write(const std::string& name, const std::string& text = "") const {
        fs::create_directories(fs::path(path(name)).parent_path());
        std::ofstream(path(name)) << text;
    }

    void link(const std::string& name, const std::string& to) const {
        fs::create_directories(fs::path(path(name)).parent_path());
        ASSERT_EQ(::symlink(to.c_str(), path(name).c_str()), 0);
    }

    [[nodiscard]] std::string path(const std::string& name) const { return dir_.file(name); }

    const testing::TempDir dir_;
};

TEST_F(InterpreterTest, IsNamedByTheFileThatALinkLeadsTo) {
    write("real/bin/python3.12");
    link("real/bin/python3", "python3.12");
    const Interpreter found = Interpreter::at(path("real/bin/python3"));
    EXPECT_TRUE(found.exists());
    EXPECT_EQ(found.version, "3.12");
    EXPECT_EQ(found.release, "3.12");
    EXPECT_FALSE(found.is_environment);
    EXPECT_TRUE(found.is_of(path("real/bin/python3.12")));
}

TEST_F(InterpreterTest, AnEnvironmentTellsItsReleaseAndItsOrigin) {
    write("real/bin/python3.12");
    link("venv/bin/python3", path("real/bin/python3.12"));
    write("venv/pyvenv.cfg", "home = " + path("real/bin") + "\r\nversion_info = 3.12.7.final.0\n");
    const Interpreter found = Interpreter::at(path("venv/bin/python3"));
    EXPECT_TRUE(found.is_environment);
    EXPECT_EQ(found.version, "3.12");
    EXPECT_EQ(found.release, "3.12.7");
    EXPECT_EQ(found.prefix, path("venv"));
    EXPECT_TRUE(found.is_of(path("real/bin/python3.12")));
    EXPECT_FALSE(found.is_of("/usr/bin/python3.12"));
}

TEST_F(InterpreterTest, ACopyIsOfTheFolderThatItWasCopiedFrom) {
    write("real/bin/python3.12");
    link("real/bin/python3", "python3.12");
    write("venv/bin/python3");
    write("venv/pyvenv.cfg", "home = " + path("real/bin") + "\nversion = 3.12.1\n");
    EXPECT_TRUE(Interpreter::at(path("venv/bin/python3")).is_of(path("real/bin/python3.12")));
}

TEST_F(InterpreterTest, WithoutANameTheOneLibraryTells) {
    write("prefix/bin/python3");
    write("prefix/lib/python3.13/os.py");
    EXPECT_EQ(Interpreter::at(path("prefix/bin/python3")).version, "3.13");
    write("prefix/lib/python3.12/os.py");
    EXPECT_EQ(Interpreter::at(path("prefix/bin/python3")).version, "");
}

TEST_F(InterpreterTest, NeitherATextNorAPipeIsAVersion) {
    write("venv/bin/python3");
    write("venv/pyvenv.cfg", "home = /nowhere/bin\nversion = root:x:0\n");
    EXPECT_EQ(Interpreter::at(path("venv/bin/python3")).release, "");
    fs::remove(path("venv/pyvenv.cfg"));
    ASSERT_EQ(::mkfifo(path("venv/pyvenv.cfg").c_str(), 0600), 0);
    EXPECT_EQ(Interpreter::at(path("venv/bin/python3")).release, "");
}

TEST_F(InterpreterTest, ACandidateForReleaseHasTheVersionOfTheRelease) {
    write("venv/bin/python3");
    for (const auto& [told, release] :
         {std::pair("3.12rc1", "3.12"), std::pair("3.12.", "3.12"), std::pair("3.12", "3.12"),
          std::pair("3.13.0rc2", "3.13.0"), std::pair("3.9.18.final.0", "3.9.18")}) {
        write("venv/pyvenv.cfg", std::string("home = /nowhere/bin\nversion = ") + told + "\n");
        EXPECT_EQ(Interpreter::at(path("venv/bin/python3")).release, release);
    }
}

TEST_F(InterpreterTest, OfAnEndlessFolderOnlySomeNamesAreRead) {
    for (const char* name : {"a", "b", "c", "d", "e"}) {
        write(std::string("many/") + name);
    }
    EXPECT_EQ(names_in(path("many")).size(), 5U);
    EXPECT_EQ(names_in(path("many"), 3).size(), 3U);
    EXPECT_TRUE(names_in(path("nowhere")).empty());
}

TEST_F(InterpreterTest, AScriptIsTold) {
    write("shims/python3.12", "#!/bin/sh\n");
    write("bin/python3.12", "\177ELF");
    EXPECT_TRUE(Interpreter::at(path("shims/python3.12")).is_script());
    EXPECT_FALSE(Interpreter::at(path("bin/python3.12")).is_script());
    EXPECT_FALSE(Interpreter::at(path("nowhere/python3.12")).is_script());
}

TEST_F(InterpreterTest, AnEnvironmentMaySeeThePackagesOfItsOrigin) {
    write("real/bin/python3.12");
    link("venv/bin/python3", path("real/bin/python3.12"));
    const std::string outside = path("real/lib/python3.12/site-packages");
    for (const auto& [line, sees] :
         {std::pair("include-system-site-packages = true\n", true),
          std::pair("Include-System-Site-Packages = True\n", true),
          std::pair("include-system-site-packages = false\n", false), std::pair("", true)}) {
        write("venv/pyvenv.cfg", "home = " + path("real/bin") + "\nversion = 3.12.7\n" + line);
        const Folders folders = package_folders(Interpreter::at(path("venv/bin/python3")));
        EXPECT_EQ(folders.front(), path("venv/lib/python3.12/site-packages"));
        EXPECT_EQ(std::find(folders.begin(), folders.end(), outside) != folders.end(), sees);
    }
}

TEST_F(InterpreterTest, TheNewestOfSeveralPackagesIsTheOwnOne) {
    const fs::path prefix = path("prefix");
    write("prefix/lib/python3.9/site-packages/geventd/worker.py");
    write("prefix/lib/python3.9/site-packages/geventd/_worker.cpython-39-x86_64-linux-gnu.so");
    EXPECT_EQ(find_package_below(prefix).version, "3.9");
    write("prefix/lib/python3.12/site-packages/geventd/worker.py");
    write("prefix/lib/python3.12/site-packages/geventd/_worker.cpython-312-x86_64-linux-gnu.so");
    EXPECT_EQ(find_package_below(prefix).version, "3.12");
    EXPECT_EQ(find_package_below(prefix).script,
              path("prefix/lib/python3.12/site-packages/geventd/worker.py"));
    write("prefix/geventd/worker.py");  // as pip install --target lays them out
    write("prefix/geventd/_worker.cpython-310-x86_64-linux-gnu.so");
    write("prefix/geventd/_worker.cpython-313-x86_64-linux-gnu.so");
    EXPECT_EQ(find_package_below(prefix).version, "3.13");
}

TEST_F(InterpreterTest, APackageCountsOnlyWithAModuleForTheVersion) {
    const Folders folders{path("one"), path("two")};
    write("one/geventd/worker.py");
    write("one/geventd/_worker.cpython-311-x86_64-linux-gnu.so");
    write("two/geventd/worker.py");
    write("two/geventd/_worker.cpython-39-x86_64-linux-gnu.so");
    EXPECT_EQ(find_script(folders, "3.11"), path("one/geventd/worker.py"));
    EXPECT_EQ(find_script(folders, "3.9"), path("two/geventd/worker.py"));
    EXPECT_EQ(find_script(folders, "3.1"), "");
    EXPECT_EQ(find_script(folders, "3.13"), "");
}

TEST_F(InterpreterTest, AModuleForAnotherBuildOfTheVersionIsNone) {
    const Folders folders{path("one")};
    write("one/geventd/worker.py");
    write("one/geventd/_worker.cpython-313t-x86_64-linux-gnu.so");  // without the GIL
    write("one/geventd/_worker.cpython-313d-x86_64-linux-gnu.so");  // for debugging
    EXPECT_EQ(find_script(folders, "3.13"), "");
    write("one/geventd/_worker.cpython-313-x86_64-linux-gnu.so");
    EXPECT_EQ(find_script(folders, "3.13"), path("one/geventd/worker.py"));
}

}  // namespace
}  // namespace geventd::master
