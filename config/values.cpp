// SPDX-License-Identifier: MIT
#include "config/values.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "base/nearest.h"
#include "config/text/kebab.h"
#include "config/text/units.h"

namespace geventd::config {

namespace {

/// Reads a number, size or time with `parse`, and checks its bounds.
template <typename T, typename Parse>
void read_quantity(const Node& node, const Value& value, std::pair<T, T> bounds, Parse parse,
                   T& result, const Complain& complain) {
    if (node.kind != Node::Kind::Scalar) {
        complain(node.mark, "", fmt::format("is {}, expected {}", what_is(node), value.expects()));
        return;
    }
    const auto parsed = parse(node.text);
    if (!parsed) {
        const std::string& fault = parsed.error().message;
        const bool said = fault.find("expected") != std::string::npos;
        complain(node.mark, "",
                 fmt::format("'{}' {}{}", node.text, fault,
                             said ? "" : fmt::format(", expected {}", value.expects())));
        return;
    }
    if (*parsed < bounds.first || *parsed > bounds.second) {
        complain(node.mark, "",
                 fmt::format("{} is out of range, expected {}", node.text, value.expects()));
        return;
    }
    result = static_cast<T>(*parsed);
}

constexpr std::array<std::string_view, 10> kOtherBooleans{"yes", "no",   "on",    "off",  "y",
                                                          "n",   "True", "False", "TRUE", "FALSE"};

bool means_true(std::string_view word) {
    return word == "yes" || word == "on" || word == "y" || word == "True" || word == "TRUE";
}

}  // namespace

std::string what_is(const Node& node) {
    switch (node.kind) {
        case Node::Kind::Null:
            return "empty";
        case Node::Kind::List:
            return "a list";
        case Node::Kind::Map:
            return "a map";
        case Node::Kind::Scalar:
            break;
    }
    return fmt::format("{}'{}'", node.quoted ? "the quoted text " : "", node.text);
}

bool read_text(const Node& node, std::string_view expected, std::string& text,
               const Complain& complain) {
    if (node.kind != Node::Kind::Scalar) {
        complain(node.mark, "", fmt::format("is {}, expected {}", what_is(node), expected));
        return false;
    }
    if (node.text.find('\0') != std::string::npos) {
        complain(node.mark, "", fmt::format("holds a NUL, expected {}", expected));
        return false;
    }
    text = node.text;
    return true;
}

std::string quote(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            result.append("\\").push_back(c);
        } else if (byte < 0x20 || byte == 0x7f) {
            result += fmt::format("\\x{:02x}", byte);
        } else {
            result.push_back(c);
        }
    }
    return result + '"';
}

void Integer::read(const Node& node, const Complain& complain) {
    std::int64_t number = member_;
    if (node.quoted) {  // unlike sizes and times, which are text in YAML in any case
        complain(node.mark, "", fmt::format("is {}, expected {}", what_is(node), expects()));
        return;
    }
    read_quantity<std::int64_t>(node, *this, {least_, most_}, parse_integer, number, complain);
    member_ = static_cast<int>(number);
}

std::string Integer::write() const {
    return fmt::format("{}", member_);
}

std::string Integer::expects() const {
    return fmt::format("a number from {} to {}", least_, most_);
}

void Size::read(const Node& node, const Complain& complain) {
    read_quantity(node, *this, {least_, most_}, parse_size, member_, complain);
}

std::string Size::write() const {
    return format_size(member_);
}

std::string Size::expects() const {
    return fmt::format("a size from {} to {}", format_size(least_), format_size(most_));
}

void Time::read(const Node& node, const Complain& complain) {
    read_quantity(node, *this, {least_, most_}, parse_duration, member_, complain);
}

std::string Time::write() const {
    return format_duration(member_);
}

std::string Time::expects() const {
    return fmt::format("a time from {} to {}", format_duration(least_), format_duration(most_));
}

void Flag::read(const Node& node, const Complain& complain) {
    const bool bare = node.kind == Node::Kind::Scalar && !node.quoted;
    if (bare && (node.text == "true" || node.text == "false")) {
        member_ = node.text == "true";
        return;
    }
    const bool other = bare && std::find(kOtherBooleans.begin(), kOtherBooleans.end(), node.text) !=
                                   kOtherBooleans.end();
    complain(node.mark, "",
             fmt::format("is {}, expected {}{}", what_is(node), expects_,
                         !other                  ? ""
                         : means_true(node.text) ? "; did you mean true?"
                                                 : "; did you mean false?"));
}

std::string Flag::write() const {
    return member_ ? "true" : "false";
}

void Text::read(const Node& node, const Complain& complain) {
    std::string text;
    if (!read_text(node, expects_, text, complain)) {
        return;
    }
    if (check_ != nullptr) {
        if (const std::string fault = check_(text); !fault.empty()) {
            complain(node.mark, "", fmt::format("{}, expected {}", fault, expects_));
            return;
        }
    }
    member_ = text;
}

std::string Text::write() const {
    return quote(member_);
}

void TextList::read(const Node& node, const Complain& complain) {
    if (node.kind != Node::Kind::List) {
        complain(node.mark, "", fmt::format("is {}, expected {}", what_is(node), expects_));
        return;
    }
    std::vector<std::string> texts;
    bool fine = true;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        std::string text;
        const auto complain_of_item = [&](const Mark& mark, const std::string&,
                                          const std::string& fault) {
            complain(mark, fmt::format("[{}]", i), fault);
        };
        if (!read_text(node.items[i], "a text ('' for an empty one)", text, complain_of_item)) {
            continue;
        }
        if (const std::string fault = check_ == nullptr ? "" : check_(text); !fault.empty()) {
            complain_of_item(node.items[i].mark, "", fault);
            fine = false;
        }
        texts.push_back(std::move(text));
    }
    if (fine) {
        member_ = std::move(texts);
    }
}

std::string TextList::write() const {
    std::string result;
    for (const std::string& text : member_) {
        result += (result.empty() ? "" : ", ") + quote(text);
    }
    return "[" + result + "]";
}

void TextMap::read(const Node& node, const Complain& complain) {
    if (node.kind != Node::Kind::Map) {
        complain(node.mark, "", fmt::format("is {}, expected {}", what_is(node), expects_));
        return;
    }
    for (const Entry& entry : node.entries) {
        const auto complain_of_entry = [&](const Mark& mark, const std::string&,
                                           const std::string& fault) {
            complain(mark, "." + entry.key, fault);
        };
        if (entry.key.find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
            complain_of_entry(entry.mark, "", "a name holds neither '=' nor NUL");
            continue;
        }
        std::string text;
        if (read_text(entry.value, "a text ('' for an empty one)", text, complain_of_entry)) {
            member_[entry.key] = std::move(text);
        }
    }
}

std::string TextMap::write() const {
    std::string result;
    for (const auto& [name, text] : member_) {
        result += fmt::format("{}{}: {}", result.empty() ? "" : ", ", quote(name), quote(text));
    }
    return "{" + result + "}";
}

std::string one_of(const std::vector<std::string>& words) {
    std::string result;
    for (std::size_t i = 0; i < words.size(); ++i) {
        result += i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
        result += words[i];
    }
    return result;
}

void complain_of_choice(const Node& node, const std::vector<std::string>& words,
                        const Complain& complain) {
    const std::string meant =
        node.kind == Node::Kind::Scalar ? nearest(to_kebab(node.text), words) : "";
    complain(node.mark, "",
             fmt::format("is {}, expected {}{}", what_is(node), one_of(words),
                         meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
}

}  // namespace geventd::config
