// SPDX-License-Identifier: MIT
#include "http/conditions.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "http/date.h"
#include "http/octets.h"

namespace geventd::http {

namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();

// Whether a list of entity tags has this one, or is "*". Weak tags match if `weakly`.
bool lists(std::string_view list, std::string_view etag, bool weakly) {
    if (trim(list) == "*") {
        return true;
    }
    while (!list.empty()) {
        while (!list.empty() && (is_blank(list.front()) || list.front() == ',')) {
            list.remove_prefix(1);
        }
        const bool weak = list.substr(0, 2) == "W/";
        list.remove_prefix(weak ? 2 : 0);
        const std::size_t close =
            list.empty() || list.front() != '"' ? std::string_view::npos : list.find('"', 1);
        if (close == std::string_view::npos) {
            return false;
        }
        if (list.substr(0, close + 1) == etag && (weakly || !weak)) {
            return true;
        }
        list.remove_prefix(close + 1);
    }
    return false;
}

bool range_applies(std::string_view if_range, const Validators& validators) {
    if (if_range.empty()) {
        return true;
    }
    if (if_range.back() == '"') {
        return if_range == validators.etag;
    }
    return validators.is_date_strong && parse_date(if_range) == std::optional(validators.modified);
}

// Reads one Range field from its front on.
class RangeReader {
  public:
    RangeReader(std::string_view text, std::uint64_t size) : text_(text), size_(size) {}

    Ranges read() {
        do {
            const auto range = next();
            if (!range) {
                return {.satisfiable = false, .parts = {}};
            }
            if (range->first < range->end) {
                total_ += range->size();
                ranges_.parts.push_back(*range);
            } else if (range->first == 0) {
                return {};
            }
            if (total_ > size_) {
                return {};
            }
        } while (skip(','));
        ranges_.satisfiable = text_.empty() && !ranges_.parts.empty();
        return ranges_;
    }

  private:
    // Without a value: it cannot be read. An empty range lies behind the end.
    std::optional<ByteRange> next() {
        skip_blanks();
        const bool is_suffix = skip('-');
        const auto first = is_suffix ? std::optional<std::uint64_t>(0) : number();
        if (!first) {
            return std::nullopt;
        }
        if (!is_suffix) {
            skip_blanks();
            if (!skip('-')) {
                return std::nullopt;
            }
            skip_blanks();
            if (text_.empty() || text_.front() == ',') {
                return ByteRange{*first, std::max(*first, size_)};
            }
        }
        const auto last = number();
        skip_blanks();
        if (!last || (!text_.empty() && text_.front() != ',')) {
            return std::nullopt;
        }
        if (is_suffix) {
            return ByteRange{size_ - std::min(*last, size_), size_};
        }
        const std::uint64_t end =
            std::min(*last, size_ == 0 ? 0 : size_ - 1) + (size_ == 0 ? 0 : 1);
        return *last < *first ? ByteRange{*first, *first}
                              : ByteRange{*first, std::max(*first, end)};
    }

    std::optional<std::uint64_t> number() {
        std::uint64_t value = 0;
        const std::size_t digits = std::min(text_.find_first_not_of("0123456789"), text_.size());
        if (digits == 0) {
            return std::nullopt;
        }
        for (const char digit : text_.substr(0, digits)) {
            const auto more = static_cast<std::uint64_t>(digit - '0');
            if (value > (kMost - more) / 10) {
                return std::nullopt;
            }
            value = value * 10 + more;
        }
        text_.remove_prefix(digits);
        return value;
    }

    bool skip(char byte) {
        const bool there = !text_.empty() && text_.front() == byte;
        text_.remove_prefix(there ? 1 : 0);
        return there;
    }

    void skip_blanks() {
        while (skip(' ')) {
        }
    }

    std::string_view text_;
    std::uint64_t size_;
    std::uint64_t total_ = 0;
    Ranges ranges_;
};

}  // namespace

Verdict judge(const Conditions& conditions, const Validators& validators) {
    if (!conditions.if_match.empty()) {
        if (!lists(conditions.if_match, validators.etag, false)) {
            return Verdict::Failed;
        }
    } else if (!conditions.if_unmodified_since.empty()) {
        const auto since = parse_date(conditions.if_unmodified_since);
        if (since && validators.modified > *since) {
            return Verdict::Failed;
        }
    }
    if (!conditions.if_none_match.empty()) {
        return lists(conditions.if_none_match, validators.etag, true) ? Verdict::NotModified
                                                                      : Verdict::Proceed;
    }
    const auto since = parse_date(conditions.if_modified_since);
    return since && validators.modified <= *since ? Verdict::NotModified : Verdict::Proceed;
}

Ranges choose_ranges(const Conditions& conditions, const Validators& validators,
                     std::uint64_t size) {
    constexpr std::string_view kUnit = "bytes=";
    const std::string_view range = trim(conditions.range);
    if (range.size() <= kUnit.size() ||
        !equals_ignoring_case(range.substr(0, kUnit.size()), kUnit) ||
        !range_applies(conditions.if_range, validators)) {
        return {};
    }
    return RangeReader(range.substr(kUnit.size()), size).read();
}

}  // namespace geventd::http
