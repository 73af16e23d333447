// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace geventd::http {

/// The fields of a request that depend on what the server has (RFC 9110 13 and 14.2); "": not sent.
struct Conditions {
    std::string_view if_match;
    std::string_view if_none_match;
    std::string_view if_modified_since;
    std::string_view if_unmodified_since;
    std::string_view if_range;
    std::string_view range;
};

/// What the server has: its strong entity tag, with quotes, and when it was last modified, in
/// seconds of the wall clock.
struct Validators {
    std::string_view etag;
    std::int64_t modified = 0;

    /// That second is over, so whoever writes the file from now on gives it another date, unless
    /// he sets an old one on purpose (RFC 9110 8.8.2.2).
    bool is_date_strong = true;
};

enum class Verdict : std::uint8_t { Proceed, NotModified, Failed };

/// Whether GET or HEAD goes on, or is answered with 304 or 412 (RFC 9110 13.2.2): entity tags take
/// precedence over dates, which may be weak. Dates that cannot be read are not there.
Verdict judge(const Conditions& conditions, const Validators& validators);

/// Bytes `first` to before `end`.
struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t end = 0;

    [[nodiscard]] std::uint64_t size() const { return end - first; }

    bool operator==(const ByteRange&) const = default;
};

/// Which parts are asked for.
struct Ranges {
    bool satisfiable = true;       ///< false: 416
    std::vector<ByteRange> parts;  ///< none: the whole
};

/// Reads Range, which applies if If-Range does, of whose dates only strong ones count. As nginx
/// does: other units, and ranges that ask for more than the whole, mean the whole; what cannot be
/// read, or lies behind the end, cannot be satisfied. Throws std::bad_alloc.
Ranges choose_ranges(const Conditions& conditions, const Validators& validators,
                     std::uint64_t size);

}  // namespace geventd::http
