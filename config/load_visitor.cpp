// SPDX-License-Identifier: MIT
#include "config/load_visitor.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "config/catalogue.h"
#include "config/yaml/plain_text.h"

namespace geventd::config {

namespace {

/// The path of a group of keys: as shown in messages ("listen[1]") and as described ("listen").
struct Path {
    std::string written;
    std::string described;

    [[nodiscard]] Path key(std::string_view name) const {
        return {written.empty() ? std::string(name) : fmt::format("{}.{}", written, name),
                described.empty() ? std::string(name) : fmt::format("{}.{}", described, name)};
    }

    [[nodiscard]] Path item(std::size_t index) const {
        return {fmt::format("{}[{}]", written, index), described};
    }
};

/// Reads one map into one group of keys.
class LoadVisitor : public Visitor {
  public:
    LoadVisitor(const Node& map, Path path, Reading& reading)
        : map_(map), path_(std::move(path)), reading_(reading) {}

    void key(std::string_view name, Value&& value, Effect, std::string_view) override {
        if (const Entry* entry = take(name)) {
            read(value, entry->value, path_.key(name).written);
        }
    }

    void section(std::string_view name, Section&& section, std::string_view, Form form) override {
        if (const Entry* entry = take(name)) {
            read_group(entry->value, path_.key(name), form,
                       [&](Visitor& visitor) { section.describe(visitor); });
        }
    }

    void list(std::string_view name, SectionList&& list, std::string_view, Form form) override {
        const Entry* entry = take(name);
        if (entry == nullptr) {
            return;
        }
        const Path path = path_.key(name);
        if (entry->value.kind == Node::Kind::Null ||
            (entry->value.kind == Node::Kind::List && entry->value.items.empty())) {
            report(entry->value.mark, path.written, "is empty, expected one or a list of them");
            return;
        }
        forget_places(path.written);
        list.clear();
        if (entry->value.kind != Node::Kind::List) {
            read_item(entry->value, list, path.item(0), form);
            return;
        }
        for (std::size_t i = 0; i < entry->value.items.size(); ++i) {
            read_item(entry->value.items[i], list, path.item(i), form);
        }
    }

    void internal(std::string_view name, Value&& value) override {
        if (reading_.effective) {
            key(name, std::move(value), {}, "");
        }
    }

    /// To be called when all keys were described: the remaining ones are unknown.
    void report_unknown() const {
        for (const Entry& entry : map_.entries) {
            if (known_.find(entry.key) == known_.end() && !reading_.diagnostics.full()) {
                report(entry.mark, path_.key(entry.key).written,
                       explain_unknown_key(path_.described, entry.key));
            }
        }
    }

  private:
    const Entry* take(std::string_view name) {
        known_.emplace(name);
        const auto found = std::find_if(map_.entries.begin(), map_.entries.end(),
                                        [&](const Entry& entry) { return entry.key == name; });
        if (found == map_.entries.end()) {
            return nullptr;
        }
        reading_.places[path_.key(name).written] = found->mark;
        return &*found;
    }

    void read(Value& value, const Node& node, const std::string& path) {
        Node expanded = node;
        if (reading_.environment != nullptr && !value.verbatim() && !expand_all(expanded, path)) {
            return;
        }
        const std::string hint = value.verbatim() ? "" : hint_at_variable(expanded);
        value.read(expanded,
                   [&](const Mark& mark, const std::string& below, const std::string& text) {
                       report(mark, path + below, text + hint);
                   });
    }

    template <typename Describe>
    void read_group(const Node& node, const Path& path, Form form, Describe describe_keys) {
        Node map;
        if (node.kind == Node::Kind::Map) {
            map = node;
        } else if (form.short_key.empty()) {
            if (node.kind != Node::Kind::Null) {
                report(node.mark, path.written, refuse_group(node, path, form));
            }
            return;
        } else {
            map = Node{.kind = Node::Kind::Map, .mark = node.mark};
            map.entries.push_back({std::string(form.short_key), node.mark, node});
        }
        LoadVisitor visitor(map, path, reading_);
        describe_keys(visitor);
        visitor.report_unknown();
    }

    void read_item(const Node& node, SectionList& list, const Path& path, Form form) {
        list.append();
        read_group(node, path, form,
                   [&](Visitor& visitor) { list.describe(list.size() - 1, visitor); });
    }

    static std::string refuse_group(const Node& node, const Path& path, Form form) {
        const bool is_flag = node.text == "true" || node.text == "false";
        const std::string meant = is_flag && !form.flag_path.empty() ? std::string(form.flag_path)
                                  : form.hint_key.empty()            ? ""
                                                          : path.key(form.hint_key).written;
        return fmt::format("is {}, expected a map of keys{}", what_is(node),
                           meant.empty() || node.kind != Node::Kind::Scalar
                               ? ""
                               : fmt::format("; did you mean {}: {}?", meant, node.text));
    }

    /// For a fault in a value that a shell would have filled in.
    static std::string hint_at_variable(const Node& node) {
        const std::string name =
            node.kind == Node::Kind::Scalar ? find_bare_variable(node.text) : std::string();
        return name.empty() ? ""
                            : fmt::format("; an environment variable is written ${{{}}}", name);
    }

    /// Expands every scalar below the node. Reports faults; false if there were any.
    bool expand_all(Node& node, const std::string& path) {
        bool fine = true;
        if (node.kind == Node::Kind::Scalar && has_expansion(node.text)) {
            fine = expand_scalar(node, path);
        }
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            fine = expand_all(node.items[i], fmt::format("{}[{}]", path, i)) && fine;
        }
        for (Entry& entry : node.entries) {
            fine = expand_all(entry.value, fmt::format("{}.{}", path, entry.key)) && fine;
        }
        return fine;
    }

    bool expand_scalar(Node& node, const std::string& path) {
        auto text = expand(node.text, *reading_.environment);
        if (text && !is_utf8(*text)) {
            text = failure("its variables are not UTF-8, expected text");
        }
        if (!text) {
            report(node.mark, path, text.error().message);
            return false;
        }
        node.text = *text;
        // Many places need quotes around `${...}`; they must not turn a number into a text.
        node.quoted = false;
        return true;
    }

    void forget_places(const std::string& path) {
        std::erase_if(reading_.places,
                      [&](const auto& place) { return place.first.starts_with(path + "["); });
    }

    void report(const Mark& mark, const std::string& path, const std::string& text) const {
        reading_.diagnostics.report(mark, path, text);
    }

    const Node& map_;
    const Path path_;
    Reading& reading_;
    std::set<std::string, std::less<>> known_;
};

}  // namespace

bool read_settings(const Node& document, Settings& settings, Reading& reading) {
    if (document.kind == Node::Kind::Null) {
        return true;
    }
    if (document.kind != Node::Kind::Map) {
        reading.diagnostics.report(
            document.mark, "",
            fmt::format("is {}, expected a map of keys such as listen and app", what_is(document)));
        return false;
    }
    LoadVisitor visitor(document, {}, reading);
    describe(visitor, settings);
    visitor.report_unknown();
    return true;
}

}  // namespace geventd::config
