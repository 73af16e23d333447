// SPDX-License-Identifier: MIT
#include "master/interpreter/packages.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "base/own_folder.h"
#include "master/interpreter/names_in.h"

namespace geventd::master {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModuleStart = "_worker.cpython-";

// The version of a module's name, such as _worker.cpython-312-x86_64-linux-gnu.so; "" for others: a
// letter behind the version means a build without the GIL ("313t") or for debugging ("313d").
std::string version_of_module(std::string_view name) {
    if (!name.starts_with(kModuleStart) || !name.ends_with(".so")) {
        return {};
    }
    name.remove_prefix(kModuleStart.size());
    const auto end = name.find_first_not_of("0123456789");
    if (end < 2 || name[end] != '-') {
        return {};
    }
    return fmt::format("{}.{}", name.substr(0, 1), name.substr(1, end - 1));
}

// The versions that the package in this folder has modules for.
std::vector<std::string> versions_in(const fs::path& folder) {
    std::vector<std::string> versions;
    std::error_code failed;
    if (!fs::exists(folder / "geventd/worker.py", failed)) {
        return versions;
    }
    for (const std::string& name : names_in(folder / "geventd")) {
        if (std::string version = version_of_module(name); !version.empty()) {
            versions.push_back(std::move(version));
        }
    }
    return versions;
}

// "3.9" is older than "3.12".
bool is_older(const std::string& one, const std::string& other) {
    return std::pair(one.size(), one) < std::pair(other.size(), other);
}

// Those are in PREFIX/bin, or in bin beside the packages (pip install --target). A prefix with
// workers that embed CPython is no wheel's.
bool is_of_wheel(const fs::path& programs) {
    std::error_code failed;
    return programs.filename() == "bin" &&
           !fs::exists(programs.parent_path() / "libexec/geventd/geventd-worker", failed);
}

// As pip and Debian name the folders of packages below a prefix.
void add_folders_below(const fs::path& prefix, const std::string& version, Folders& folders) {
    const std::string name = "python" + version;
    folders.push_back(prefix / "lib" / name / "site-packages");
    std::error_code failed;
    if (!fs::is_symlink(prefix / "lib64", failed)) {  // Fedora's; in an environment a link to lib
        folders.push_back(prefix / "lib64" / name / "site-packages");
    }
    if (prefix == "/usr") {  // Debian's
        folders.push_back(prefix / "local/lib" / name / "dist-packages");
        folders.push_back(prefix / "lib/python3/dist-packages");
    } else if (prefix == "/usr/local") {
        folders.push_back(prefix / "lib" / name / "dist-packages");
    }
}

}  // namespace

Folders package_folders(const Interpreter& interpreter) {
    Folders folders;
    add_folders_below(interpreter.prefix, interpreter.version, folders);
    const std::string origin = fs::path(interpreter.origin).parent_path().parent_path();
    if ((!interpreter.is_environment || interpreter.sees_origin) && origin != interpreter.prefix) {
        add_folders_below(origin, interpreter.version, folders);
    }
    return folders;
}

Folders own_folders(const std::string& version) {
    const fs::path here = own_folder();
    const std::string name = "python" + version;
    Folders folders{here / name};
    if (const std::string_view installed = GEVENTD_LIBEXEC; !installed.empty()) {
        folders.push_back(fs::path(installed) / name);
    }
    if (here.filename() == "bin" || here.filename() == "sbin") {
        add_folders_below(here.parent_path(), version, folders);
        folders.push_back(here.parent_path());
    }
    return folders;
}

std::string find_script(const Folders& folders, const std::string& version) {
    for (const std::string& folder : folders) {
        const std::vector<std::string> versions = versions_in(folder);
        if (std::find(versions.begin(), versions.end(), version) != versions.end()) {
            return fs::path(folder) / "geventd/worker.py";
        }
    }
    return {};
}

WheelPackage find_own_package() {
    const fs::path here = own_folder();
    return is_of_wheel(here) ? find_package_below(here.parent_path()) : WheelPackage{};
}

WheelPackage find_package_below(const fs::path& prefix) {
    std::vector<fs::path> places{prefix};
    for (const char* lib : {"lib", "lib64"}) {
        for (const std::string& name : names_in(prefix / lib)) {
            if (name.starts_with("python3.")) {
                places.push_back(prefix / lib / name / "site-packages");
                places.push_back(prefix / lib / name / "dist-packages");
            }
        }
    }
    WheelPackage newest;
    for (const fs::path& place : places) {
        for (std::string& version : versions_in(place)) {
            if (is_older(newest.version, version)) {
                newest = {place / "geventd/worker.py", std::move(version)};
            }
        }
    }
    return newest;
}

}  // namespace geventd::master
