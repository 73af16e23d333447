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

/// A JSON document that the server sent, or a part of one. A member that is not there, or is of
/// another type, reads as nothing: server and geventctl may be of different versions.
/// Lives in: geventctl.
class Document {
  public:
    /// Null.
    Document();

    /// Fails when the text is no JSON.
    static Result<Document> parse(std::string_view text);

    [[nodiscard]] bool is_object() const;
    [[nodiscard]] bool is_null() const;

    /// A member of an object; null when there is none.
    Document operator[](const char* key) const;

    /// Of an array; none of anything else.
    [[nodiscard]] std::vector<Document> items() const;

    /// As items(), without those that are no objects.
    [[nodiscard]] std::vector<Document> objects() const;

    /// For people: a text with its control characters escaped, a number or truth value, "-" for
    /// null.
    [[nodiscard]] std::string text() const;

    /// A text as it was sent; "" when it is none.
    [[nodiscard]] std::string raw_text() const;

    [[nodiscard]] std::optional<double> number() const;

    /// All of it, with line breaks, members in the order in which the server wrote them.
    [[nodiscard]] std::string pretty() const;

  private:
    using Json = nlohmann::ordered_json;

    explicit Document(std::shared_ptr<const Json> json) : json_(std::move(json)) {}

    // Shared: whoever has a part of the document keeps the whole.
    std::shared_ptr<const Json> json_;
};

}  // namespace geventd::ctl
