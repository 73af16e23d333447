// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "config/describe.h"

namespace geventd::config {

/// A group of keys that is described by the overload for its type.
template <typename T>
class BoundSection : public Section {
  public:
    explicit BoundSection(T& member) : member_(member) {}

    void describe(Visitor& visitor) override { config::describe(visitor, member_); }

  private:
    T& member_;
};

/// A list of such groups.
template <typename T>
class BoundList : public SectionList {
  public:
    explicit BoundList(std::vector<T>& member) : member_(member) {}

    void clear() override { member_.clear(); }

    void append() override { member_.emplace_back(); }

    [[nodiscard]] std::size_t size() const override { return member_.size(); }

    void describe(std::size_t index, Visitor& visitor) override {
        config::describe(visitor, member_.at(index));
    }

    void describe_default(Visitor& visitor) override {
        T fresh;
        config::describe(visitor, fresh);
    }

  private:
    std::vector<T>& member_;
};

}  // namespace geventd::config
