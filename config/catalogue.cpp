// SPDX-License-Identifier: MIT
#include "config/catalogue.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/nearest.h"
#include "config/compat_uwsgi.h"
#include "config/describe.h"
#include "config/text/kebab.h"
#include "config/values.h"

namespace geventd::config {

namespace {

std::string join(const std::string& group, std::string_view name) {
    return group.empty() ? std::string(name) : fmt::format("{}.{}", group, name);
}

std::string group_of(const std::string& path) {
    const auto dot = path.rfind('.');
    return dot == std::string::npos ? "" : path.substr(0, dot);
}

std::string name_of(const std::string& path) {
    return path.substr(path.rfind('.') + 1);
}

class KeyCollector : public Visitor {
  public:
    std::vector<std::string> take() { return std::move(keys_); }

    void key(std::string_view name, Value&&, Effect, std::string_view) override {
        keys_.push_back(join(group_, name));
    }

    void section(std::string_view name, Section&& section, std::string_view, Form) override {
        enter(name, [&] { section.describe(*this); });
    }

    void list(std::string_view name, SectionList&& list, std::string_view, Form) override {
        enter(name, [&] { list.describe_default(*this); });
    }

    void internal(std::string_view, Value&&) override {}

  private:
    template <typename Describe>
    void enter(std::string_view name, Describe describe_keys) {
        const std::string outer = group_;
        group_ = join(group_, name);
        keys_.push_back(group_);
        describe_keys();
        group_ = outer;
    }

    std::string group_;
    std::vector<std::string> keys_;
};

/// The paths of all keys called `name`.
std::vector<std::string> paths_of(std::string_view name) {
    std::vector<std::string> paths;
    for (const std::string& path : all_keys()) {
        if (name_of(path) == name) {
            paths.push_back(path);
        }
    }
    return paths;
}

std::vector<std::string> names_in(const std::string& group) {
    std::vector<std::string> names;
    for (const std::string& path : all_keys()) {
        if (group_of(path) == group) {
            names.push_back(name_of(path));
        }
    }
    return names;
}

std::string misspelled(const std::string& group, const std::string& name) {
    if (const std::string near = nearest(name, names_in(group)); !near.empty()) {
        return join(group, near);
    }
    std::vector<std::string> names;
    for (const std::string& path : all_keys()) {
        names.push_back(name_of(path));
    }
    const std::string near = nearest(name, names);
    return near.empty() ? "" : one_of(paths_of(near));
}

}  // namespace

const std::vector<std::string>& all_keys() {
    static const std::vector<std::string> keys = [] {
        Settings defaults;
        KeyCollector collector;
        describe(collector, defaults);
        return collector.take();
    }();
    return keys;
}

bool is_key(std::string_view path) {
    const auto& keys = all_keys();
    return std::find(keys.begin(), keys.end(), path) != keys.end();
}

std::string explain_unknown_key(const std::string& group, const std::string& name) {
    const std::string kebab = to_kebab(name);
    if (is_key(join(group, kebab))) {
        if (const auto dot = kebab.rfind('.'); dot != std::string::npos) {
            return fmt::format("no key of a file has a dot: write {} below {}",
                               kebab.substr(dot + 1), join(group, kebab.substr(0, dot)));
        }
        return fmt::format("unknown key; did you mean {}?", join(group, kebab));
    }
    if (std::string answer = explain_foreign_name(kebab, Match::Whole); !answer.empty()) {
        return answer;
    }
    if (const auto paths = paths_of(kebab); !paths.empty()) {
        return fmt::format("unknown key; did you mean {}?", one_of(paths));
    }
    if (const std::string meant = misspelled(group, kebab); !meant.empty()) {
        return fmt::format("unknown key; did you mean {}?", meant);
    }
    if (std::string answer = explain_foreign_name(kebab, Match::Beginning); !answer.empty()) {
        return answer;
    }
    return fmt::format("unknown key, expected {}", one_of(names_in(group)));
}

}  // namespace geventd::config
