// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/value.h"

namespace geventd::config {

/// The kinds of values that many settings use. Each is bound to a member and short-lived.

class Integer : public Value {
  public:
    Integer(int& member, int least, int most) : member_(member), least_(least), most_(most) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;
    [[nodiscard]] std::string expects() const override;

  private:
    int& member_;
    int least_;
    int most_;
};

class Size : public Value {
  public:
    Size(std::uint64_t& member, std::uint64_t least, std::uint64_t most)
        : member_(member), least_(least), most_(most) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;
    [[nodiscard]] std::string expects() const override;

  private:
    std::uint64_t& member_;
    std::uint64_t least_;
    std::uint64_t most_;
};

class Time : public Value {
  public:
    Time(std::chrono::milliseconds& member, std::chrono::milliseconds least,
         std::chrono::milliseconds most)
        : member_(member), least_(least), most_(most) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;
    [[nodiscard]] std::string expects() const override;

  private:
    std::chrono::milliseconds& member_;
    std::chrono::milliseconds least_;
    std::chrono::milliseconds most_;
};

class Flag : public Value {
  public:
    /// `expects`: for a caller that itself reads a third value.
    explicit Flag(bool& member, std::string_view expects = "true or false")
        : member_(member), expects_(expects) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;

    [[nodiscard]] std::string expects() const override { return std::string(expects_); }

  private:
    bool& member_;
    std::string_view expects_;
};

class Text : public Value {
  public:
    /// Returns what is wrong with a text, "" if nothing is.
    using Check = std::string (*)(const std::string& text);

    Text(std::string& member, std::string_view expects, Check check = nullptr)
        : member_(member), expects_(expects), check_(check) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;

    [[nodiscard]] std::string expects() const override { return std::string(expects_); }

  private:
    std::string& member_;
    std::string_view expects_;
    Check check_;
};

/// A text whose `${...}` have a meaning of the setting's own.
class VerbatimText : public Text {
  public:
    using Text::Text;

    [[nodiscard]] bool verbatim() const override { return true; }
};

/// A list of texts. A later source replaces the whole list.
class TextList : public Value {
  public:
    /// `check` judges each of the texts.
    TextList(std::vector<std::string>& member, std::string_view expects,
             Text::Check check = nullptr)
        : member_(member), expects_(expects), check_(check) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;

    [[nodiscard]] std::string expects() const override { return std::string(expects_); }

  private:
    std::vector<std::string>& member_;
    std::string_view expects_;
    Text::Check check_;
};

/// Texts under names that the user chooses. A later source adds to the map.
class TextMap : public Value {
  public:
    TextMap(std::map<std::string, std::string>& member, std::string_view expects)
        : member_(member), expects_(expects) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;

    [[nodiscard]] std::string expects() const override { return std::string(expects_); }

  private:
    std::map<std::string, std::string>& member_;
    std::string_view expects_;
};

/// "a, b or c"
std::string one_of(const std::vector<std::string>& words);

/// Complains that the node is none of these words, and suggests the nearest.
void complain_of_choice(const Node& node, const std::vector<std::string>& words,
                        const Complain& complain);

/// One of several words, each of which stands for a value.
template <typename T>
class Choice : public Value {
  public:
    using Words = std::initializer_list<std::pair<std::string_view, T>>;

    Choice(T& member, Words words) : member_(member), words_(words) {}

    void read(const Node& node, const Complain& complain) override {
        for (const auto& [word, value] : words_) {
            if (node.kind == Node::Kind::Scalar && node.text == word) {
                member_ = value;
                return;
            }
        }
        complain_of_choice(node, words(), complain);
    }

    [[nodiscard]] std::string write() const override {
        for (const auto& [word, value] : words_) {
            if (member_ == value) {
                return std::string(word);
            }
        }
        return {};
    }

    [[nodiscard]] std::string expects() const override { return one_of(words()); }

    [[nodiscard]] std::vector<std::string> words() const {
        std::vector<std::string> result;
        for (const auto& [word, value] : words_) {
            result.emplace_back(word);
        }
        return result;
    }

  private:
    T& member_;
    std::vector<std::pair<std::string_view, T>> words_;
};

}  // namespace geventd::config
