// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/conditions.h"
#include "worker/files/found.h"

namespace geventd::worker {

/// A boundary that no file has, but for a chance of nothing.
std::string make_boundary();

/// Parts of a file as multipart/byteranges (RFC 9110 14.6), each with its `type`. May wait for the
/// disk unless the file is held. Throws std::bad_alloc.
std::string make_multipart(const Variant& variant, const std::vector<http::ByteRange>& parts,
                           std::string_view type, std::string_view boundary);

}  // namespace geventd::worker
