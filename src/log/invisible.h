// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::log {

/// Whether a character is invisible and can change how, or whether, its neighbours are shown: the
/// C1 controls, which terminals obey like ESC; Unicode's format characters (category Cf:
/// bidirectional overrides and isolates, joiners, tags, ...), its line and paragraph separators,
/// and everything else that renderers ignore by default (zero-width fillers). With these a text can
/// look like another one. False for the sixteen variation selectors that emoji use (U+FE00 to
/// U+FE0F); true for the others, which can hide any bytes, and for Mongolian's.
bool is_invisible(char32_t code);

}  // namespace geventd::log
