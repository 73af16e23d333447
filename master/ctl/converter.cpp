// SPDX-License-Identifier: MIT
#include "master/ctl/converter.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/own_folder.h"

namespace geventd::ctl {

namespace {

/// Beside the program in a build folder, below its prefix (a wheel), else where it is installed.
std::string find_converter() {
    const std::filesystem::path here = own_folder();
    const std::array<std::string, 3> places = {
        here / "convert", here.parent_path() / "share/geventd-convert", GEVENTD_CONVERTER};
    for (const std::string& place : places) {
        if (::access((place + "/__main__.py").c_str(), R_OK) == 0) {
            return place;
        }
    }
    throw std::runtime_error(fmt::format("the converter is missing; looked for {}, {} and {}",
                                         places[0], places[1], places[2]));
}

/// The environment's, of which PATH need not know.
std::string find_python() {
    std::string beside = own_folder() + "/python3";
    return ::access(beside.c_str(), X_OK) == 0 ? beside : "python3";
}

}  // namespace

void become_converter(char* const* arguments) {
    std::string python = find_python();
    std::string isolated = "-I";
    std::string no_bytecode = "-B";
    std::string converter = find_converter();
    std::vector<char*> words{python.data(), isolated.data(), no_bytecode.data(), converter.data()};
    for (; *arguments != nullptr; ++arguments) {
        words.push_back(*arguments);
    }
    words.push_back(nullptr);
    ::execvp(python.c_str(), words.data());
    throw_errno("start", python);
}

}  // namespace geventd::ctl
