// SPDX-License-Identifier: MIT
#include "config/checks_files.h"

#include <string>
#include <string_view>

#include <fmt/core.h>

namespace geventd::config {

namespace {

/// A request's path is compared with each.
constexpr std::size_t kMostEntries = 100;

/// Reports faults of the keys below a list's elements.
class ElementReport {
  public:
    ElementReport(std::string_view list, const Mark& start, const Reading& reading)
        : list_(list), start_(start), reading_(reading) {}

    void operator()(std::size_t index, std::string_view key, const std::string& text) const {
        const std::string path = fmt::format("{}[{}].{}", list_, index, key);
        for (const std::string& place : {path, std::string(list_)}) {
            const auto found = reading_.places.find(place);
            if (found != reading_.places.end()) {
                return reading_.diagnostics.report(found->second, path, text);
            }
        }
        reading_.diagnostics.report(start_, path, text);
    }

  private:
    std::string_view list_;
    const Mark& start_;
    const Reading& reading_;
};

// With one dot: the type of a file goes by what follows the last dot of its name.
bool is_ending(const std::string& text) {
    return text.size() > 1 && text.rfind('.') == 0;
}

void check_static(const Settings& settings, const ElementReport& report) {
    const auto& entries = settings.static_files;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (entries[i].path.empty()) {
            report(i, "path", "is missing, expected a prefix such as /static");
        }
        if (entries[i].root.empty() && entries[i].fallback != "application") {
            report(i, "root",
                   "is missing, expected the directory of the files (or fallback: application, "
                   "where all is the application's)");
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (entries[i].path == entries[j].path && !entries[i].path.empty()) {
                report(i, "path",
                       fmt::format("'{}' is that of static[{}], too, expected a prefix of its own",
                                   entries[i].path, j));
            }
        }
        for (const auto& [ending, type] : entries[i].types) {
            if (!is_ending(ending) || type.find('/') == std::string::npos ||
                type.find_first_of("\r\n") != std::string::npos) {
                report(i, "types",
                       fmt::format("'{}: {}' is no type of files, expected such as "
                                   "{{.foo: text/x-foo}}",
                                   ending, type));
            }
        }
    }
}

void check_sendfile(const Settings& settings, const ElementReport& report) {
    for (std::size_t i = 0; i < settings.sendfile.size(); ++i) {
        const Sendfile& entry = settings.sendfile[i];
        if (entry.root.empty()) {
            report(i, "root", "is missing, expected the directory of the files");
        }
        if (entry.header == SendfileHeader::XSendfile && entry.path != "/") {
            report(i, "path",
                   "is for x-accel-redirect: x-sendfile names files by their whole path");
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (entry.header == SendfileHeader::XAccelRedirect &&
                settings.sendfile[j].header == entry.header &&
                settings.sendfile[j].path == entry.path) {
                report(
                    i, "path",
                    fmt::format("'{}' is that of sendfile[{}], too, expected a prefix of its own",
                                entry.path, j));
            }
        }
    }
}

}  // namespace

void check_files(const Settings& settings, const Mark& start, const Reading& reading) {
    if (settings.static_files.size() > kMostEntries) {
        reading.diagnostics.report(start, "static",
                                   fmt::format("has {} entries, expected {} at most",
                                               settings.static_files.size(), kMostEntries));
    } else if (!reading.diagnostics.concerns("static")) {
        check_static(settings, {"static", start, reading});
    }
    if (!reading.diagnostics.concerns("sendfile")) {
        check_sendfile(settings, {"sendfile", start, reading});
    }
}

}  // namespace geventd::config
