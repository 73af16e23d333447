// SPDX-License-Identifier: MIT
//
// Any bytes as a uwsgi packet: an accepted one is exactly what the encoder would have written.
#include "tests/fuzz/fuzz.h"
#include "tests/unit/uwsgi/make_packet.h"
#include "uwsgi/packet.h"
#include "uwsgi/request_vars.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace geventd::uwsgi;
    using geventd::fuzz::require;
    const std::string_view bytes = geventd::fuzz::to_view(data, size);
    constexpr PacketLimits kLimits{.block = 8192, .vars = 64};
    PacketScanner scanner;
    if (scanner.scan(bytes, kLimits) != PacketScanner::State::Complete) {
        return 0;
    }
    require(scanner.length() <= bytes.size());
    const PacketHeader header = scanner.header();
    std::vector<Var> vars;
    if (decode_vars(bytes.substr(kHeaderSize, header.size), kLimits, vars).status != 0) {
        return 0;
    }
    require(vars.size() <= kLimits.vars);
    require(make_packet(header.modifier1, header.modifier2, vars) ==
            bytes.substr(0, scanner.length()));
    RequestVars request;
    if (read_request_vars(vars, 0, request).status == 0) {
        require(!request.method.empty() && request.environ.size() <= vars.size());
    }
    return 0;
}
