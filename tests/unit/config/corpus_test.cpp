// SPDX-License-Identifier: MIT
//
// tests/corpus/config: each valid/NAME.yaml loads and gives the settings in NAME.expected ("path:
// value"; others are not checked); each invalid/NAME.yaml gives exactly the diagnostics in
// NAME.expected. With UPDATE_CORPUS=1 in the environment, missing expectations of invalid files are
// written, to be reviewed before they are kept.

#include <glob.h>

#include <algorithm>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "load_text.h"

namespace geventd::config {
namespace {

std::vector<std::string> names(const std::string& kind) {
    glob_t found{};
    std::vector<std::string> result;
    if (::glob((std::string(CORPUS_DIR) + "/" + kind + "/*.yaml").c_str(), 0, nullptr, &found) ==
        0) {
        for (std::size_t i = 0; i < found.gl_pathc; ++i) {
            std::string path = found.gl_pathv[i];
            result.push_back(path.substr(0, path.size() - 5));
        }
    }
    ::globfree(&found);
    return result;
}

std::string read_whole(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::string> read_lines(const std::string& path) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (!line.empty()) {
            lines.push_back(line);
        }
    }
    return lines;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param.substr(info.param.rfind('/') + 1);
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

std::vector<std::string> diagnostics_of(const std::string& path) {
    try {
        load({path, {}, test_environment()});
        return {};
    } catch (const Errors& errors) {
        std::vector<std::string> lines = errors.lines();
        const std::string directory = path.substr(0, path.rfind('/') + 1);
        for (std::string& line : lines) {
            if (line.starts_with(directory)) {
                line.erase(0, directory.size());
            }
        }
        return lines;
    }
}

class ValidConfig : public testing::TestWithParam<std::string> {};

TEST_P(ValidConfig, LoadsAsExpected) {
    Settings settings;
    ASSERT_NO_THROW({
        try {
            settings = load({GetParam() + ".yaml", {}, test_environment()});
        } catch (const Errors& errors) {
            std::fprintf(stderr, "%s\n", errors.what());
            throw;
        }
    });
    const auto found = flatten(settings);
    const auto expected = read_lines(GetParam() + ".expected");
    ASSERT_FALSE(expected.empty()) << "no expectation beside it";
    for (const std::string& line : expected) {
        const auto separator = line.find(": ");
        ASSERT_NE(separator, std::string::npos) << line;
        const auto value = found.find(line.substr(0, separator));
        ASSERT_NE(value, found.end()) << line;
        EXPECT_EQ(value->second, line.substr(separator + 2)) << line;
    }
    EXPECT_EQ(dump(load_effective(dump(settings))), dump(settings));
}

INSTANTIATE_TEST_SUITE_P(Corpus, ValidConfig, testing::ValuesIn(names("valid")), test_name);

class InvalidConfig : public testing::TestWithParam<std::string> {};

TEST_P(InvalidConfig, IsRefusedWithItsDiagnostics) {
    const auto lines = diagnostics_of(GetParam() + ".yaml");
    const std::string expectation = GetParam() + ".expected";
    if (std::getenv("UPDATE_CORPUS") != nullptr && read_lines(expectation).empty()) {
        std::ofstream file(expectation);
        for (const std::string& line : lines) {
            file << line << "\n";
        }
    }
    auto expected = read_lines(expectation);
    ASSERT_FALSE(expected.empty()) << "no expectation beside it";
    // "*" at the end of a line matches anything: lists of keys grow.
    for (std::size_t i = 0; i < std::min(lines.size(), expected.size()); ++i) {
        std::string& line = expected[i];
        if (line.ends_with('*') && lines[i].starts_with(line.substr(0, line.size() - 1))) {
            line = lines[i];
        }
    }
    EXPECT_EQ(lines, expected);
}

INSTANTIATE_TEST_SUITE_P(Corpus, InvalidConfig, testing::ValuesIn(names("invalid")), test_name);

/// Damages a file of the corpus at random: it must load or be refused.
std::string damage(std::string text, std::mt19937& random) {
    static const std::vector<std::string> kPieces{
        "&a ", "*a", "<<: ", "[",  "]",   "{",  "}",  ": ",   "- ",   "\n",
        "  ",  "\t", "'",    "\"", "|\n", "${", "}",  "!!",   "%",    "@",
        "#",   ",",  "? ",   "~",  "0",   "\r", "\0", "\xff", "---\n"};
    const auto pick = [&](std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
    };
    for (std::size_t n = pick(6) + 1; n > 0; --n) {
        const std::size_t at = pick(text.size() + 1);
        switch (pick(4)) {
            case 0:
                text.insert(at, kPieces[pick(kPieces.size())]);
                break;
            case 1:
                text.erase(at, pick(8));
                break;
            case 2:
                text.insert(at, text.substr(pick(text.size() + 1), pick(40)));
                break;
            default:
                if (at < text.size()) {
                    text[at] = static_cast<char>(pick(256));
                }
        }
    }
    return text;
}

TEST(DamagedConfig, LoadsOrIsRefused) {
    std::mt19937 random(20260801);  // the same damage in each run
    const char* const more = std::getenv("DAMAGE_ROUNDS");
    const int rounds = more == nullptr ? 25 : std::atoi(more);
    std::size_t loaded = 0;
    std::size_t refused = 0;
    for (const char* kind : {"valid", "invalid"}) {
        for (const std::string& name : names(kind)) {
            // Not of host names, since a damaged one would be looked up in the network.
            std::string text = read_whole(name + ".yaml");
            for (std::size_t at = 0; (at = text.find("://", at)) != std::string::npos;) {
                text.replace(at, 3, "+unix:");
            }
            for (int round = 0; round < rounds && text.size() < 10'000; ++round) {
                const TemporaryFile file(damage(text, random));
                try {
                    const auto settings = load({file.path(), {}, test_environment()});
                    EXPECT_EQ(dump(load_effective(dump(settings))), dump(settings));
                    ++loaded;
                } catch (const Errors&) {
                    ++refused;
                }
            }
        }
    }
    EXPECT_GT(loaded, 30U);
    EXPECT_GT(refused, 100U);
}

}  // namespace
}  // namespace geventd::config
