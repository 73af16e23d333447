// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace geventd::master {

/// The names in a folder, without order; none if it cannot be read. Of a folder with very many
/// names, which may belong to a tenant, only some: the master must not be kept busy by it. Lives
/// in: master.
std::vector<std::string> names_in(const std::filesystem::path& folder);

}  // namespace geventd::master
