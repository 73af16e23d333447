// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace geventd {

/// The folder of the program that runs; "" without /proc. Looked up once: a later replacement of
/// the file does not change it.
const std::string& own_folder();

}  // namespace geventd
