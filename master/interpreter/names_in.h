// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace geventd::master {

/// Far more than /usr/lib has anywhere.
constexpr std::size_t kMostNames = 10'000;

/// The names in a folder, without order; none if it cannot be read. Of a folder with very many
/// names, which may belong to a tenant, only some: the master must not be kept busy by it.
/// Lives in: master.
std::vector<std::string> names_in(const std::filesystem::path& folder,
                                  std::size_t most = kMostNames);

}  // namespace geventd::master
