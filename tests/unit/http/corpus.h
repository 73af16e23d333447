// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace geventd::corpus {

/// A case of tests/corpus and its expectations (README.md there explains the keys).
struct Case {
    std::string name;
    std::string bytes;
    nlohmann::json spec;
};

inline void PrintTo(const Case& test, std::ostream* out) {
    *out << test.name;
}

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// All cases of a folder under tests/corpus, sorted by name.
inline std::vector<Case> load(const std::string& folder) {
    std::vector<Case> cases;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(GEVENTD_CORPUS) + "/" + folder)) {
        if (entry.path().extension() == ".json") {
            continue;
        }
        std::filesystem::path spec = entry.path();
        spec.replace_extension(".json");
        cases.push_back({entry.path().stem().string(), read_file(entry.path()),
                         nlohmann::json::parse(read_file(spec))});
    }
    std::sort(cases.begin(), cases.end(),
              [](const Case& a, const Case& b) { return a.name < b.name; });
    return cases;
}

inline std::string case_name(const testing::TestParamInfo<Case>& info) {
    return info.param.name;
}

/// Bytes as in the JSON files: each byte is the code point of its value.
inline std::string to_text(std::string_view bytes) {
    std::string text;
    for (const char signed_byte : bytes) {
        const auto byte = static_cast<unsigned char>(signed_byte);
        if (byte < 0x80) {
            text.push_back(signed_byte);
        } else {
            text.push_back(static_cast<char>(0xc0U | byte >> 6U));
            text.push_back(static_cast<char>(0x80U | (byte & 0x3fU)));
        }
    }
    return text;
}

/// Ways to cut `size` bytes into pieces, as the ends of the pieces: whole, byte by byte, random.
inline std::vector<std::vector<std::size_t>> make_cuts(std::size_t size) {
    std::vector<std::vector<std::size_t>> all{{size}, {}};
    for (std::size_t end = 1; end <= size; ++end) {
        all[1].push_back(end);
    }
    std::mt19937 random(static_cast<std::mt19937::result_type>(size));
    for (int i = 0; i < 20; ++i) {
        std::vector<std::size_t> ends{size};
        for (int cut = 0; cut < 5 && size > 1; ++cut) {
            ends.push_back(std::uniform_int_distribution<std::size_t>(1, size - 1)(random));
        }
        std::sort(ends.begin(), ends.end());
        all.push_back(ends);
    }
    return all;
}

/// Compares the expected keys; others may have any value.
inline void expect_fields(const nlohmann::json& expected, const nlohmann::json& actual) {
    for (const auto& [key, value] : expected.items()) {
        EXPECT_EQ(actual.value(key, nlohmann::json("no such field")), value) << key;
    }
}

}  // namespace geventd::corpus
