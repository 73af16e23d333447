// SPDX-License-Identifier: MIT
#include "worker/files/area.h"

#include <algorithm>

#include "http/octets.h"

namespace geventd::worker {

namespace {

std::string without_slash(const std::string& prefix) {
    return prefix == "/" ? "" : prefix;
}

std::string in_lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), http::to_lower);
    return text;
}

Area area_of(const config::StaticFiles& entry) {
    Area area{.prefix = without_slash(entry.path), .root = entry.root};
    if (entry.fallback == "application") {
        area.fallback = Area::Fallback::Application;
    } else if (entry.fallback != "none") {
        area.fallback = Area::Fallback::File;
        area.fallback_file = entry.fallback;
    }
    area.index = entry.index == "none" ? "" : entry.index;
    area.links = entry.links;
    area.precompressed = entry.precompressed;
    area.cache_control = entry.cache_control;
    area.immutable = entry.immutable;
    for (const auto& [ending, type] : entry.types) {
        area.types.insert_or_assign(in_lower_case(ending), type);
    }
    return area;
}

}  // namespace

std::vector<Area> static_areas(const std::vector<config::StaticFiles>& entries) {
    std::vector<Area> areas;
    areas.reserve(entries.size());
    for (const config::StaticFiles& entry : entries) {
        areas.push_back(area_of(entry));
    }
    std::stable_sort(areas.begin(), areas.end(), [](const Area& a, const Area& b) {
        return a.prefix.size() > b.prefix.size();
    });
    return areas;
}

Area sendfile_area(const config::Sendfile& entry) {
    return {.prefix = without_slash(entry.path), .root = entry.root};
}

std::string_view rest_behind(std::string_view prefix, std::string_view path) {
    if (path.size() < prefix.size() || path.substr(0, prefix.size()) != prefix) {
        return {};
    }
    const std::string_view rest = path.substr(prefix.size());
    return rest.empty() || rest.front() == '/' ? rest : std::string_view();
}

Placed place_of(const std::vector<Area>& areas, std::string_view path) {
    for (const Area& area : areas) {
        const std::string_view rest = rest_behind(area.prefix, path);
        if (rest.data() != nullptr) {
            return {&area, rest};
        }
    }
    return {};
}

}  // namespace geventd::worker
