// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include "config/describe.h"
#include "config/loader.h"

namespace geventd::config {

namespace {

constexpr std::size_t kIndent = 2;

/// Written for a text that is not set; such keys are left out, since not every key accepts "".
constexpr std::string_view kNotGiven = "\"\"";

/// Writes every key that has a value, in the order of the description.
class DumpVisitor : public Visitor {
  public:
    explicit DumpVisitor(std::string& out) : out_(out) {}

    void key(std::string_view name, Value&& value, Effect, std::string_view) override {
        const std::string text = value.write();
        if (text == kNotGiven) {
            return;
        }
        begin_line();
        out_ += fmt::format("{}: {}\n", name, text);
    }

    void section(std::string_view name, Section&& section, std::string_view, Form) override {
        begin_line();
        out_ += fmt::format("{}:\n", name);
        indent_ += kIndent;
        section.describe(*this);
        indent_ -= kIndent;
    }

    void list(std::string_view name, SectionList&& list, std::string_view, Form) override {
        if (list.size() == 0) {
            return;
        }
        begin_line();
        out_ += fmt::format("{}:\n", name);
        indent_ += 2 * kIndent;
        for (std::size_t i = 0; i < list.size(); ++i) {
            first_of_item_ = true;
            list.describe(i, *this);
        }
        indent_ -= 2 * kIndent;
    }

    void internal(std::string_view name, Value&& value) override {
        key(name, std::move(value), {}, "");
    }

  private:
    void begin_line() {
        if (first_of_item_) {
            out_ += std::string(indent_ - kIndent, ' ') + "- ";
            first_of_item_ = false;
        } else {
            out_ += std::string(indent_, ' ');
        }
    }

    std::string& out_;
    std::size_t indent_ = 0;
    bool first_of_item_ = false;
};

}  // namespace

std::string dump(const Settings& settings) {
    std::string out;
    Settings copy = settings;  // a description binds members for writing, too
    DumpVisitor visitor(out);
    describe(visitor, copy);
    return out;
}

}  // namespace geventd::config
