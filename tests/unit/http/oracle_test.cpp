// SPDX-License-Identifier: MIT
//
// Heads of the corpus, and small variations of them, are split into fields as llhttp does it.
#include "tests/oracle/field_lines.h"
#include "tests/unit/http/corpus.h"

namespace geventd::http {

namespace {

using corpus::Case;

constexpr HeadLimits kLimits{};
constexpr int kChanges = 500;  // for each case

/// "" also for bytes that are no head.
std::string_view objection_to(std::string_view bytes) {
    HeadScanner scanner;
    if (scanner.scan(bytes, kLimits) != HeadScanner::State::Complete) {
        return "";
    }
    return oracle::objection(bytes.substr(scanner.begin(), scanner.length()), kLimits);
}

class Changes {
  public:
    explicit Changes(std::string_view bytes)
        : bytes_(bytes), random_(static_cast<std::mt19937::result_type>(bytes.size())) {}

    /// Replaces a byte, or inserts one before it: any byte, or a typical one of heads.
    std::string next() {
        static constexpr std::string_view kPunctuation = ":\r\n \t,;\"()/\\{}[]\x80\x7f";
        std::string changed(bytes_);
        const char byte =
            pick(2) == 0 ? static_cast<char>(pick(256)) : kPunctuation[pick(kPunctuation.size())];
        changed.replace(pick(changed.size()), pick(2), 1, byte);
        return changed;
    }

  private:
    std::size_t pick(std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
    }

    std::string_view bytes_;
    std::mt19937 random_;
};

class HeadBesideLlhttp : public testing::TestWithParam<Case> {};

TEST_P(HeadBesideLlhttp, HasTheSameFields) {
    const std::string& bytes = GetParam().bytes;
    EXPECT_EQ(objection_to(bytes), "");
    Changes changes(bytes);
    for (int i = 0; i < kChanges && !bytes.empty(); ++i) {
        const std::string changed = changes.next();
        ASSERT_EQ(objection_to(changed), "") << testing::PrintToString(changed);
    }
}

INSTANTIATE_TEST_SUITE_P(Valid, HeadBesideLlhttp, testing::ValuesIn(corpus::load("http/valid")),
                         corpus::case_name);
INSTANTIATE_TEST_SUITE_P(Invalid, HeadBesideLlhttp, testing::ValuesIn(corpus::load("http/invalid")),
                         corpus::case_name);

}  // namespace

}  // namespace geventd::http
