// SPDX-License-Identifier: MIT
#include "config/diff.h"

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "config/yaml/reader.h"

namespace geventd::config {

namespace {

/// A place in the settings. Elements of a list are named by their first key's value, as in
/// `listen["http://:80"]#0`; the number tells those apart whose first key is the same. The defaults
/// of a list's elements stand at `listen[]`.
struct Place {
    std::string unique;
    std::string described;
    std::string defaults;

    [[nodiscard]] Place below(std::string_view name) const {
        const std::string_view dot = described.empty() ? "" : ".";
        return {fmt::format("{}{}{}", unique, dot, name),
                fmt::format("{}{}{}", described, dot, name),
                fmt::format("{}{}{}", defaults, dot, name)};
    }
};

/// Walks over all keys and says of each where it stands.
class PlaceVisitor : public Visitor {
  public:
    void key(std::string_view name, Value&& value, Effect effect, std::string_view) override {
        const bool names_element = std::exchange(begins_element_, false);
        if (names_element) {
            const std::string element = fmt::format("{}[{}]", group_.unique, value.write());
            group_.unique = fmt::format("{}#{}", element, elements_[element]++);
        }
        on_key(group_.below(name), value, effect, names_element);
    }

    void section(std::string_view name, Section&& section, std::string_view, Form) override {
        const Place outer = std::exchange(group_, group_.below(name));
        section.describe(*this);
        group_ = outer;
    }

    void list(std::string_view name, SectionList&& list, std::string_view, Form) override {
        const Place outer = group_;
        Place own = outer.below(name);
        own.defaults += "[]";
        for (std::size_t i = 0; i < list.size(); ++i) {
            group_ = own;
            begins_element_ = true;
            list.describe(i, *this);
        }
        group_ = {own.defaults, own.described, own.defaults};
        on_defaults(list);
        group_ = outer;
    }

    void internal(std::string_view, Value&&) override {}

  protected:
    /// `names_element`: the place of an element of a list has its name by this value.
    virtual void on_key(const Place& place, Value& value, Effect effect, bool names_element) = 0;

    /// After the elements of a list; the place is that of the defaults of an element.
    virtual void on_defaults(SectionList& list) = 0;

  private:
    Place group_;
    bool begins_element_ = false;
    std::map<std::string, int> elements_;  ///< by their first key: how many there were
};

struct Known {
    std::string key;
    std::string text;
    Moment moment;
    bool names_element;
    bool is_wanted = false;  ///< the wanted settings have this place too
};

using KnownValues = std::map<std::string, Known>;

/// Notes the running value of each key.
class Collector : public PlaceVisitor {
  public:
    KnownValues values;

  protected:
    void on_key(const Place& place, Value& value, Effect effect, bool names_element) override {
        values[place.unique] = {place.described, value.write(), effect.moment, names_element};
    }

    void on_defaults(SectionList& list) override { list.describe_default(*this); }
};

KnownValues collect(const Settings& settings) {
    Settings copy = settings;  // a description binds members for writing too
    Collector collector;
    describe(collector, copy);
    return std::move(collector.values);
}

bool needs_restart(const Value& value, Effect effect) {
    const std::string text = value.write();
    return effect.moment == Moment::Restart ||
           std::any_of(effect.restart_values.begin(), effect.restart_values.end(),
                       [&](std::string_view word) { return !word.empty() && text == quote(word); });
}

/// Gives a value the text that another of its kind has written, which it therefore understands.
void assign(Value& value, const std::string& text) {
    Diagnostics diagnostics;
    const auto node = read_yaml(text, diagnostics.add_source("running", true), diagnostics);
    const auto complain = [&text](const Mark&, const std::string& what, const std::string&) {
        throw std::logic_error(fmt::format("a running value, {}, cannot be kept: {}", text, what));
    };
    if (!node) {
        throw std::logic_error(fmt::format("a running value, {}, cannot be kept", text));
    }
    value.read(*node, complain);
}

/// Compares with the running values, and takes those over that need a restart if it is asked to.
class Comparer : public PlaceVisitor {
  public:
    Comparer(KnownValues running, bool keeps) : running_(std::move(running)), keeps_(keeps) {}

    /// To be called when all keys were described: elements that are left were dropped from a list.
    std::vector<Difference> take() {
        for (const auto& [place, known] : running_) {
            if (known.names_element && !known.is_wanted) {
                note(known.key, known.moment);
            }
        }
        return std::move(differences_);
    }

  protected:
    void on_key(const Place& place, Value& value, Effect effect, bool) override {
        auto known = running_.find(place.unique);
        if (known == running_.end()) {
            known = running_.find(place.defaults);
        }
        known->second.is_wanted = true;
        const std::string& text = known->second.text;
        if (value.write() == text) {
            return;
        }
        const bool restart = needs_restart(value, effect);
        note(place.described, restart ? Moment::Restart : effect.moment);
        if (restart && keeps_) {
            assign(value, text);
        }
    }

    void on_defaults(SectionList&) override {}

  private:
    void note(const std::string& key, Moment moment) {
        const Difference difference{key, moment};
        if (std::find(differences_.begin(), differences_.end(), difference) == differences_.end()) {
            differences_.push_back(difference);
        }
    }

    KnownValues running_;
    bool keeps_;
    std::vector<Difference> differences_;
};

std::string_view word(Moment moment) {
    switch (moment) {
        case Moment::Now:
            return "now";
        case Moment::Generation:
            return "new generation";
        case Moment::Restart:
            break;
    }
    return "restart";
}

}  // namespace

std::vector<Difference> differences(const Settings& running, const Settings& wanted) {
    Settings copy = wanted;
    Comparer comparer(collect(running), false);
    describe(comparer, copy);
    return comparer.take();
}

std::vector<std::string> keep_until_restart(const Settings& running, Settings& wanted) {
    Comparer comparer(collect(running), true);
    describe(comparer, wanted);
    wanted.control_fallback = running.control_fallback;  // goes with control
    std::vector<std::string> keys;
    for (const Difference& difference : comparer.take()) {
        if (difference.moment == Moment::Restart) {
            keys.push_back(difference.key);
        }
    }
    return keys;
}

std::string effect_text(Effect effect) {
    std::string text(word(effect.moment));
    for (const std::string_view value : effect.restart_values) {
        text += value.empty() ? "" : fmt::format("; {}: {}", value, word(Moment::Restart));
    }
    return text;
}

}  // namespace geventd::config
