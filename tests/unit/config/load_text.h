// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/fd.h"
#include "config/describe.h"
#include "config/loader.h"

namespace geventd::config {

/// The only variables that tests see.
inline Environment test_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        static const std::map<std::string, std::string> kVariables{
            {"RUNTIME_DIRECTORY", "/run/test"},
            {"PORT", "8123"},
            {"EMPTY", ""},
            {"MODULE", "site.wsgi:app"},
            {"LATIN1", "caf\xe9"},
            {"DOLLAR", "${PORT}"},
            {"YES", "true"}};
        const auto found = kVariables.find(name);
        return found == kVariables.end() ? std::nullopt : std::optional(found->second);
    };
}

/// A file in memory that exists as long as the object.
class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string& text)
        : fd_(UniqueFd::adopt(::memfd_create("config", MFD_CLOEXEC))),
          path_("/proc/self/fd/" + std::to_string(fd_.get())) {
        std::ofstream(path_, std::ios::binary) << text;
    }

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    UniqueFd fd_;
    std::string path_;
};

inline Settings load_text(const std::string& text, std::vector<std::string> sets = {}) {
    const TemporaryFile file(text);
    return load({file.path(), std::move(sets), test_environment()});
}

/// The diagnostics of a text, with "F" for the file's path; empty if it is valid.
inline std::vector<std::string> faults_of(const std::string& text,
                                          std::vector<std::string> sets = {}) {
    const TemporaryFile file(text);
    try {
        load({file.path(), std::move(sets), test_environment()});
        return {};
    } catch (const Errors& errors) {
        std::vector<std::string> lines = errors.lines();
        for (std::string& line : lines) {
            if (line.starts_with(file.path())) {
                line.replace(0, file.path().size(), "F");
            }
        }
        return lines;
    }
}

/// Every setting as "path: value".
inline std::map<std::string, std::string> flatten(Settings settings) {
    class Flattener : public Visitor {
      public:
        void key(std::string_view name, Value&& value, Effect, std::string_view) override {
            lines[prefix + std::string(name)] = value.write();
        }

        void section(std::string_view name, Section&& section, std::string_view, Form) override {
            const std::string outer = prefix;
            prefix += std::string(name) + ".";
            section.describe(*this);
            prefix = outer;
        }

        void list(std::string_view name, SectionList&& list, std::string_view, Form) override {
            const std::string outer = prefix;
            for (std::size_t i = 0; i < list.size(); ++i) {
                prefix = outer + std::string(name) + "[" + std::to_string(i) + "].";
                list.describe(i, *this);
            }
            prefix = outer;
        }

        void internal(std::string_view name, Value&& value) override {
            key(name, std::move(value), {}, "");
        }

        std::string prefix;
        std::map<std::string, std::string> lines;
    };

    Flattener flattener;
    describe(flattener, settings);
    return flattener.lines;
}

}  // namespace geventd::config
