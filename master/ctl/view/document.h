// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace geventd::ctl {

/// A JSON document from the server, or a part of one. A missing member, or one of another type,
/// reads as null: server and geventctl may be of different versions.
/// Lives in: geventctl.
class Document {
  public:
    /// Null.
    Document();

    /// Fails when the text is not JSON.
    static Result<Document> parse(std::string_view text);

    [[nodiscard]] bool is_object() const;
    [[nodiscard]] bool is_null() const;

    /// A member of an object; null when it is missing.
    Document operator[](const char* key) const;

    /// The items of an array; empty for anything else.
    [[nodiscard]] std::vector<Document> items() const;

    /// Like items(), but only those that are objects.
    [[nodiscard]] std::vector<Document> objects() const;

    /// For display: a string with control characters escaped, a number or boolean, "-" for null.
    [[nodiscard]] std::string text() const;

    /// A string as it was sent; empty for anything else.
    [[nodiscard]] std::string raw_text() const;

    [[nodiscard]] std::optional<double> number() const;

    /// The whole document, indented, with members in the server's order.
    [[nodiscard]] std::string pretty() const;

  private:
    using Json = nlohmann::ordered_json;

    explicit Document(std::shared_ptr<const Json> json) : json_(std::move(json)) {}

    // Shared: each part of the document keeps the whole alive.
    std::shared_ptr<const Json> json_;
};

}  // namespace geventd::ctl
