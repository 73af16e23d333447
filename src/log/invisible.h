// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::log {

/// Characters that show nothing themselves and change how, or whether, what stands around them is
/// seen: the C1 controls, which terminals obey as they do ESC; Unicode's format characters
/// (category Cf: bidirectional overrides and isolates, joiners, tags, ...), its line and paragraph
/// separators, and what else it has renderers ignore by default (fillers of no width). With them a
/// text can look like another one. The sixteen variation selectors of which emoji are full (U+FE00
/// to U+FE0F) are not meant; the others, which can hide any bytes, and Mongolian's are.
bool is_invisible(char32_t code);

}  // namespace geventd::log
