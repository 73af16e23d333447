// SPDX-License-Identifier: MIT
#include "tests/unit/http/corpus.h"

#include "http/chunk_decoder.h"
#include "http/head_parser.h"
#include "http/path.h"
#include "http/proxy_header.h"

namespace geventd::http {

namespace {

using corpus::Case;
using corpus::to_text;
using nlohmann::json;

HeadLimits limits_of(const Case& test) {
    const json limits = test.spec.value("limits", json::object());
    HeadLimits result;
    result.head = limits.value("head", result.head);
    result.headers = limits.value("headers", result.headers);
    result.body = limits.value("body", result.body);
    return result;
}

std::string_view name_of(BodyKind kind) {
    constexpr std::string_view kNames[] = {"none", "length", "chunked"};
    return kNames[static_cast<int>(kind)];
}

json describe(const RequestHead& head) {
    json headers = json::array();
    for (const Header& field : head.headers) {
        headers.push_back({to_text(field.name), to_text(field.value)});
    }
    return {{"method", to_text(head.method)},
            {"target", to_text(head.target)},
            {"path", to_text(head.path)},
            {"query", to_text(head.query)},
            {"authority", to_text(head.authority)},
            {"version_minor", head.version_minor},
            {"headers", headers},
            {"body", name_of(head.body)},
            {"content_length", head.content_length},
            {"keep_alive", head.keep_alive},
            {"expect_continue", head.expect_continue},
            {"upgrade", head.upgrade}};
}

/// Reads requests from a stream that arrives in pieces, as a connection does.
class Reader {
  public:
    explicit Reader(const HeadLimits& limits) : limits_(limits) {}

    void feed(std::string_view bytes) {
        buffer_.append(bytes);
        while (rejection_.status == 0 && (in_body_ ? read_body() : read_head())) {
        }
    }

    [[nodiscard]] const std::vector<json>& requests() const { return requests_; }

    [[nodiscard]] const Rejection& rejection() const { return rejection_; }

    /// Whether it is between requests.
    [[nodiscard]] bool idle() const { return !in_body_ && buffer_.empty(); }

  private:
    bool read_head() {
        const auto state = scanner_.scan(buffer_, limits_);
        if (state != HeadScanner::State::Complete) {
            rejection_ = scanner_.rejection();
            return false;
        }
        RequestHead head;
        rejection_ = parse_head(
            std::string_view(buffer_).substr(scanner_.begin(), scanner_.length()), limits_, head);
        std::string path;
        if (rejection_.status == 0) {
            rejection_ = decode_path(head.path, path);
        }
        if (rejection_.status != 0) {
            return false;
        }
        request_ = describe(head);
        request_["path_info"] = to_text(path);
        kind_ = head.body;
        left_ = head.content_length;
        buffer_.erase(0, scanner_.begin() + scanner_.length());
        scanner_.reset();
        in_body_ = true;
        return true;
    }

    bool read_body() {
        const bool whole = kind_ == BodyKind::Chunked ? read_chunks() : read_length();
        if (whole) {
            request_["content"] = to_text(body_);
            requests_.push_back(request_);
            body_.clear();
            decoder_ = ChunkDecoder();
            in_body_ = false;
        }
        return whole;
    }

    bool read_chunks() {
        std::size_t used = 0;
        const auto state = decoder_.decode(buffer_, body_, used);
        buffer_.erase(0, used);
        rejection_ = decoder_.rejection();
        return state == ChunkDecoder::State::Done;
    }

    bool read_length() {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer_.size()));
        body_.append(buffer_, 0, count);
        buffer_.erase(0, count);
        left_ -= count;
        return left_ == 0;
    }

    HeadLimits limits_;
    HeadScanner scanner_;
    ChunkDecoder decoder_;
    std::string buffer_;
    std::string body_;
    json request_;
    BodyKind kind_ = BodyKind::None;
    std::uint64_t left_ = 0;
    bool in_body_ = false;
    std::vector<json> requests_;
    Rejection rejection_;
};

Reader read(const Case& test, const std::vector<std::size_t>& ends) {
    Reader reader(limits_of(test));
    std::size_t from = 0;
    for (const std::size_t end : ends) {
        reader.feed(std::string_view(test.bytes).substr(from, end - from));
        from = end;
    }
    return reader;
}

class ValidHttp : public testing::TestWithParam<Case> {};

TEST_P(ValidHttp, IsReadAsExpectedHoweverItIsCut) {
    for (const auto& ends : corpus::make_cuts(GetParam().bytes.size())) {
        const Reader reader = read(GetParam(), ends);
        ASSERT_EQ(reader.rejection().status, 0) << reader.rejection().reason;
        ASSERT_EQ(reader.requests().size(), GetParam().spec["requests"].size());
        for (std::size_t i = 0; i < reader.requests().size(); ++i) {
            corpus::expect_fields(GetParam().spec["requests"][i], reader.requests()[i]);
        }
        EXPECT_TRUE(reader.idle());
    }
}

INSTANTIATE_TEST_SUITE_P(Corpus, ValidHttp, testing::ValuesIn(corpus::load("http/valid")),
                         corpus::case_name);

class InvalidHttp : public testing::TestWithParam<Case> {};

TEST_P(InvalidHttp, IsRefusedAsExpectedHoweverItIsCut) {
    const json& spec = GetParam().spec;
    for (const auto& ends : corpus::make_cuts(GetParam().bytes.size())) {
        const Reader reader = read(GetParam(), ends);
        ASSERT_EQ(reader.rejection().status, spec["status"]) << reader.rejection().reason;
        EXPECT_EQ(reader.requests().size(), spec.value("after", 0U));
        EXPECT_NE(reader.rejection().reason.find(spec.value("why", "")), std::string_view::npos)
            << reader.rejection().reason;
    }
}

INSTANTIATE_TEST_SUITE_P(Corpus, InvalidHttp, testing::ValuesIn(corpus::load("http/invalid")),
                         corpus::case_name);

/// The first result other than Incomplete, for ever longer prefixes.
ProxyResult decode_proxy(const Case& test, const std::vector<std::size_t>& ends) {
    ProxyResult result;
    for (const std::size_t end : ends) {
        result = decode_proxy_header(std::string_view(test.bytes).substr(0, end));
        if (result.state != ProxyResult::State::Incomplete) {
            break;
        }
    }
    return result;
}

json describe(const ProxyResult& result) {
    const ProxyHeader& header = result.header;
    return {{"length", result.length},
            {"known", header.known},
            {"tls", header.tls},
            {"source", {header.source.address, header.source.port}},
            {"destination", {header.destination.address, header.destination.port}}};
}

class ValidProxy : public testing::TestWithParam<Case> {};

TEST_P(ValidProxy, IsReadAsExpectedHoweverItIsCut) {
    for (const auto& ends : corpus::make_cuts(GetParam().bytes.size())) {
        const ProxyResult result = decode_proxy(GetParam(), ends);
        ASSERT_EQ(result.state, ProxyResult::State::Complete) << result.rejection.reason;
        corpus::expect_fields(GetParam().spec, describe(result));
    }
}

INSTANTIATE_TEST_SUITE_P(Corpus, ValidProxy, testing::ValuesIn(corpus::load("proxy/valid")),
                         corpus::case_name);

class InvalidProxy : public testing::TestWithParam<Case> {};

TEST_P(InvalidProxy, IsRefusedHoweverItIsCut) {
    for (const auto& ends : corpus::make_cuts(GetParam().bytes.size())) {
        ASSERT_EQ(decode_proxy(GetParam(), ends).state, ProxyResult::State::Rejected);
    }
}

INSTANTIATE_TEST_SUITE_P(Corpus, InvalidProxy, testing::ValuesIn(corpus::load("proxy/invalid")),
                         corpus::case_name);

}  // namespace

}  // namespace geventd::http
