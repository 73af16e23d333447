// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "master/ctl/top/sheet.h"
#include "master/ctl/view/document.h"

namespace geventd::ctl {

/// The columns about workers that fit into a terminal of that width: where it is narrow, first the
/// bar is left out, then whole columns.
class WorkerColumns {
  public:
    explicit WorkerColumns(std::size_t width);

    [[nodiscard]] Sheet::Line titles() const;
    [[nodiscard]] Sheet::Line draw(const Document& worker, const Glyphs& glyphs) const;

  private:
    std::vector<std::size_t> shown_;  ///< indices of kColumns, from left to right
};

}  // namespace geventd::ctl
