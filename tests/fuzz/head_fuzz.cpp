// SPDX-License-Identifier: MIT
//
// Any bytes as a request head: the scanner finds the same head however they are cut, and a head
// that the parser accepts can be framed in one way only, and has the fields that llhttp finds.
#include <algorithm>

#include "http/environ_name.h"
#include "http/forwarded.h"
#include "http/head_parser.h"
#include "http/octets.h"
#include "tests/fuzz/fuzz.h"
#include "tests/oracle/field_lines.h"

namespace {

using namespace geventd::http;
using geventd::fuzz::is_inside;
using geventd::fuzz::require;

constexpr HeadLimits kLimits{.head = 4096, .headers = 32};

HeadScanner::State scan_in_bytes(std::string_view bytes, HeadScanner& scanner) {
    auto state = HeadScanner::State::Incomplete;
    for (std::size_t end = 0; end <= bytes.size() && state == HeadScanner::State::Incomplete;
         ++end) {
        state = scanner.scan(bytes.substr(0, end), kLimits);
    }
    return state;
}

bool is_named(const Header& field, std::string_view name) {
    return equals_ignoring_case(field.name, name);
}

void check(const RequestHead& head, std::string_view bytes) {
    require(!head.method.empty() && head.method.size() <= 32 && all(kToken, head.method));
    require(head.headers.size() <= kLimits.headers);
    require(is_inside(head.target, bytes) && is_inside(head.query, bytes));
    int lengths = 0;
    int codings = 0;
    for (const Header& field : head.headers) {
        require(is_inside(field.name, bytes) && is_inside(field.value, bytes));
        require(!field.name.empty() && all(kToken, field.name));
        require(std::none_of(field.value.begin(), field.value.end(),
                             [](char byte) { return is(kControl, byte); }));
        lengths += is_named(field, "content-length") ? 1 : 0;
        codings += is_named(field, "transfer-encoding") ? 1 : 0;
        header_to_environ_name(field.name);
    }
    require(lengths <= 1 && (lengths == 0 || codings == 0));
    require((codings > 0) == (head.body == BodyKind::Chunked));
    require((lengths > 0) == head.has_content_length);
}

void read_clients(const RequestHead& head) {
    static const TrustedProxies trusted =
        *TrustedProxies::parse(std::vector<std::string>{"127.0.0.1", "10.0.0.0/8"});
    ForwardedClient client;
    read_forwarded(head, "127.0.0.1", std::nullopt, trusted, client);
    const std::string prefix = read_forwarded_prefix(head);
    require(prefix.empty() || (prefix.starts_with('/') && !prefix.starts_with("//")));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = geventd::fuzz::to_view(data, size);
    HeadScanner whole;
    HeadScanner cut;
    const auto state = whole.scan(bytes, kLimits);
    require(state == scan_in_bytes(bytes, cut));
    if (state != HeadScanner::State::Complete) {
        require((state == HeadScanner::State::Rejected) == (whole.rejection().status != 0));
        return 0;
    }
    require(whole.begin() == cut.begin() && whole.length() == cut.length());
    const std::string_view part = bytes.substr(whole.begin(), whole.length());
    RequestHead head;
    require(geventd::oracle::objection(part, kLimits).empty());
    if (parse_head(part, kLimits, head).status == 0) {
        check(head, part);
        read_clients(head);
    }
    return 0;
}
