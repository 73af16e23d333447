// SPDX-License-Identifier: MIT
#include "tests/unit/http/corpus.h"

#include "uwsgi/packet.h"
#include "uwsgi/request_vars.h"

namespace geventd::uwsgi {

namespace {

using corpus::Case;
using corpus::to_text;
using nlohmann::json;

json describe(std::span<const Var> vars) {
    json list = json::array();
    for (const Var& var : vars) {
        list.push_back({to_text(var.key), to_text(var.value)});
    }
    return list;
}

json describe(const RequestVars& request) {
    json magic = json::array();
    for (const std::string_view name : request.magic) {
        magic.push_back(name);
    }
    return {{"environ", describe(request.environ)},
            {"method", to_text(request.method)},
            {"protocol", to_text(request.protocol)},
            {"request_uri", to_text(request.request_uri)},
            {"path_info", to_text(request.path_info)},
            {"script_name", to_text(request.script_name)},
            {"remote_addr", to_text(request.remote_addr)},
            {"scheme", to_text(request.scheme)},
            {"content_length",
             request.has_content_length ? json(request.content_length) : json(nullptr)},
            {"magic", magic}};
}

struct Outcome {
    http::Rejection rejection;
    bool complete = false;
    json fields;
};

/// The outcome of a complete packet.
Outcome read_packet(const PacketScanner& scanner, std::string_view bytes,
                    const PacketLimits& limits, std::uint64_t body_limit) {
    Outcome outcome;
    outcome.complete = true;
    const PacketHeader& header = scanner.header();
    json fields;
    if (is_request(header.modifier1)) {
        std::vector<Var> vars;
        RequestVars request;
        outcome.rejection = decode_vars(bytes.substr(kHeaderSize, header.size), limits, vars);
        if (outcome.rejection.status == 0) {
            outcome.rejection = read_request_vars(vars, body_limit, request);
        }
        fields = describe(request);
        fields["vars"] = describe(vars);
    }
    fields["modifier1"] = header.modifier1;
    fields["modifier2"] = header.modifier2;
    fields["rest"] = to_text(bytes.substr(scanner.length()));
    outcome.fields = fields;
    return outcome;
}

Outcome read(const Case& test, const std::vector<std::size_t>& ends) {
    const json own = test.spec.value("limits", json::object());
    PacketLimits limits;
    limits.block = own.value("block", limits.block);
    limits.vars = own.value("vars", limits.vars);
    PacketScanner scanner;
    for (const std::size_t end : ends) {
        const auto state = scanner.scan(std::string_view(test.bytes).substr(0, end), limits);
        if (state == PacketScanner::State::Complete) {
            return read_packet(scanner, test.bytes, limits, own.value("body", std::uint64_t{0}));
        }
        if (state == PacketScanner::State::Rejected) {
            break;
        }
    }
    return {scanner.rejection(), false, {}};
}

class ValidUwsgi : public testing::TestWithParam<Case> {};

TEST_P(ValidUwsgi, IsReadAsExpectedHoweverItIsCut) {
    for (const auto& ends : corpus::make_cuts(GetParam().bytes.size())) {
        const Outcome outcome = read(GetParam(), ends);
        ASSERT_EQ(outcome.rejection.status, 0) << outcome.rejection.reason;
        ASSERT_TRUE(outcome.complete);
        json expected = GetParam().spec;
        expected.erase("limits");
        corpus::expect_fields(expected, outcome.fields);
    }
}

INSTANTIATE_TEST_SUITE_P(Corpus, ValidUwsgi, testing::ValuesIn(corpus::load("uwsgi/valid")),
                         corpus::case_name);

class InvalidUwsgi : public testing::TestWithParam<Case> {};

TEST_P(InvalidUwsgi, IsRefusedAsExpectedHoweverItIsCut) {
    const json& spec = GetParam().spec;
    for (const auto& ends : corpus::make_cuts(GetParam().bytes.size())) {
        const Outcome outcome = read(GetParam(), ends);
        ASSERT_EQ(outcome.rejection.status, spec["status"]) << outcome.rejection.reason;
        EXPECT_NE(outcome.rejection.reason.find(spec.value("why", "")), std::string_view::npos);
    }
}

INSTANTIATE_TEST_SUITE_P(Corpus, InvalidUwsgi, testing::ValuesIn(corpus::load("uwsgi/invalid")),
                         corpus::case_name);

}  // namespace

}  // namespace geventd::uwsgi
