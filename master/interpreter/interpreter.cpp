// SPDX-License-Identifier: MIT
#include "master/interpreter/interpreter.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <string_view>
#include <system_error>

#include <fmt/core.h>

#include "base/fd.h"
#include "master/interpreter/names_in.h"

namespace geventd::master {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostText = 16 << 10;

std::string real(const fs::path& path) {
    std::error_code failed;
    const fs::path resolved = fs::canonical(path, failed);
    return failed ? path.string() : resolved.string();
}

// Whoever owns the file must not be able to make the master wait, or open a device.
UniqueFd open_regular_file(const std::string& path) {
    const UniqueFd found = UniqueFd::adopt(::open(path.c_str(), O_PATH | O_CLOEXEC));

    struct stat status {};

    if (!found || ::fstat(found.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return {};
    }
    return UniqueFd::adopt(
        ::open(fmt::format("/proc/self/fd/{}", found.get()).c_str(),
               O_RDONLY | O_NONBLOCK | O_CLOEXEC));  // a lease must not make the master wait
}

// The file's first `most` bytes.
std::string read_start(const std::string& path, std::size_t most) {
    const UniqueFd fd = open_regular_file(path);
    if (!fd) {
        return {};
    }
    std::string text(most, '\0');
    const ssize_t got = ::read(fd.get(), text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r";
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(kBlanks)));
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// As CPython compares words of pyvenv.cfg.
std::string lowered(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return lower;
}

// The lines "name = value" of pyvenv.cfg.
std::map<std::string, std::string> read_names(std::string_view text) {
    std::map<std::string, std::string> names;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (const auto equals = line.find('='); equals != std::string_view::npos) {
            names.emplace(lowered(trimmed(line.substr(0, equals))),
                          trimmed(line.substr(equals + 1)));
        }
    }
    return names;
}

// "3.12" of "3.12.1.final.0"; "" when that is no version.
std::string two_numbers(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789";
    const auto dot = text.find_first_not_of(kDigits);
    if (dot == 0 || dot == std::string_view::npos || text[dot] != '.') {
        return {};
    }
    const auto end = text.find_first_not_of(kDigits, dot + 1);
    return end == dot + 1 ? std::string() : std::string(text.substr(0, end));
}

// "3.12.1" of "3.12.1.final.0", "3.12" of "3.12rc1".
std::string three_numbers(const std::string& text) {
    const std::string two = two_numbers(text);
    const auto third = two.size() + 1;
    const auto end = text.find_first_not_of("0123456789", third);
    return two.empty() || end == third || text.size() <= third || text[two.size()] != '.'
               ? two
               : text.substr(0, end);
}

// By the name of the real executable, as python3.12, else by the one folder lib/python3.12.
std::string version_of_files(const std::string& executable) {
    const fs::path file = executable;
    const std::string name = file.filename().string();
    if (name.starts_with("python")) {
        if (std::string version = two_numbers(name.substr(6)); !version.empty()) {
            return version;
        }
    }
    std::string found;
    std::error_code failed;
    const fs::path lib = file.parent_path().parent_path() / "lib";
    for (const std::string& folder : names_in(lib)) {
        if (folder.starts_with("python3.") && fs::exists(lib / folder / "os.py", failed)) {
            if (!found.empty()) {
                return {};
            }
            found = two_numbers(folder.substr(6));
        }
    }
    return found;
}

}  // namespace

std::string environment_file(const std::string& executable) {
    return fs::path(executable).lexically_normal().parent_path().parent_path() / "pyvenv.cfg";
}

bool Interpreter::is_script() const {
    return read_start(executable, 2) == "#!";
}

Interpreter Interpreter::at(const std::string& executable) {
    const fs::path file = fs::path(executable).lexically_normal();
    const fs::path prefix = file.parent_path().parent_path();
    Interpreter found{executable, prefix.string(), {}, {}, real(file)};
    auto names = read_names(read_start(environment_file(executable), kMostText));
    if (names.contains("home")) {
        found.is_environment = true;
        found.is_made_by_uv = names.contains("uv");
        const auto sees = names.find("include-system-site-packages");
        found.sees_origin = sees == names.end() || lowered(sees->second) == "true";
        if (found.lives_in_prefix()) {  // a copy: of the one in the folder `home`
            found.origin = real(names["home"] + "/python3");
        }
        found.release = names.contains("version") ? names["version"] : names["version_info"];
    }
    found.version = two_numbers(found.release);
    found.release = three_numbers(found.release);
    if (found.version.empty()) {
        found.version = found.release = version_of_files(found.origin);
    }
    return found;
}

bool Interpreter::exists() const {
    // Whether the workers' user may execute it is another question.
    std::error_code failed;
    return fs::is_regular_file(executable, failed);
}

bool Interpreter::is_of(const std::string& other) const {
    return origin == real(other);
}

bool Interpreter::lives_in_prefix() const {
    return real(prefix) == fs::path(origin).parent_path().parent_path();
}

}  // namespace geventd::master
