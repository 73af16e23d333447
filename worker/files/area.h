// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace geventd::worker {

/// Files below a folder, and how requests are answered with them: an entry of `static` or
/// `sendfile`. Lives in: worker; never changes, so that all its threads may read it.
struct Area {
    enum class Fallback : std::uint8_t { None, Application, File };

    std::string prefix;  ///< of the paths; without a slash at its end, so "" instead of "/"
    std::string root;    ///< "": all requests are the application's
    Fallback fallback = Fallback::None;
    std::string fallback_file;
    std::string index;  ///< "": folders have none
    config::Links links = config::Links::BelowRoot;
    bool precompressed = false;
    std::string cache_control;
    bool immutable = false;
    std::map<std::string, std::string> types;  ///< by ending, in lower case: ".svg"
};

/// The areas of `static`, those with longer prefixes first.
std::vector<Area> static_areas(const std::vector<config::StaticFiles>& entries);

/// The area of an entry of `sendfile`.
Area sendfile_area(const config::Sendfile& entry);

/// What follows `prefix` in `path`: "" or a text that begins with a slash. Null data: nothing,
/// because the path does not begin with the prefix, or goes on in the midst of a name.
std::string_view rest_behind(std::string_view prefix, std::string_view path);

/// The area of a path, and what follows its prefix; null: it is in none.
struct Placed {
    const Area* area = nullptr;
    std::string_view rest;
};

Placed place_of(const std::vector<Area>& areas, std::string_view path);

}  // namespace geventd::worker
