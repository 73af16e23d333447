// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "master/ctl/top/sheet.h"
#include "master/ctl/view/document.h"

namespace geventd::ctl {

/// What the server said last, and lately.
struct TopState {
    Document status;
    Document requests;
    std::vector<Document> points;  ///< of the history, oldest first
    std::string fault;             ///< why the state is out of date; empty: it is current
};

/// The server at a glance on a terminal of that size: figures with their curves, workers with
/// bars, the oldest requests in what room is left.
Sheet draw_top(const TopState& state, const Glyphs& glyphs, std::size_t width, std::size_t height);

}  // namespace geventd::ctl
