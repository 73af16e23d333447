// SPDX-License-Identifier: MIT
#include <string_view>

#include <fmt/core.h>

#include "base/version.h"
#include "config/describe.h"
#include "config/diff.h"
#include "config/document.h"

namespace geventd::config {

namespace {

constexpr std::string_view kIntroduction = R"(
# NAME

geventd.yaml - configuration of geventd

# SYNOPSIS

listen: http://127.0.0.1:8000++
app: myapp:application

# DESCRIPTION

*geventd*(8) reads one YAML file. Unknown keys, wrong types, values out of range and contradictions
are errors, all of which are reported at once with file, line and column.

Sizes are in bytes, or have a unit: _B_, _KiB_, _MiB_, _GiB_. Times must have a unit: _ms_, _s_, _m_,
_h_. _${NAME}_ is replaced by the environment variable, _${NAME:-default}_ by the default if the
variable is unset or empty. Any key can be set from the command line with *--set* _key.path=value_,
and by the environment: _GEVENTD\_\_LIMITS\_\_REQUEST\_HEAD_ is _limits.request-head_.

Below, each key is followed by what may stand there, by its default, and by when a changed value
counts after a reload. _now_: for the whole server, with the reload that reads it. _new generation_:
for the workers that the reload starts and for what the master does for them; those that drain keep
to the former value. _restart_: the reload leaves it alone and says so in the log.
)";

constexpr std::string_view kEnd = R"(
# SEE ALSO

*geventd*(8), *geventctl*(1)
)";

/// Escapes everything that scdoc would take for markup.
std::string escape(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (std::string_view("*_\\#[]|+~<>-.").find(c) != std::string_view::npos) {
            escaped += '\\';
        }
        escaped += c;
    }
    return escaped;
}

/// Writes a section for each group of the top level, with an entry for each key.
class ManWriter : public Visitor {
  public:
    explicit ManWriter(std::string& page) : page_(page) {}

    void key(std::string_view name, Value&& value, Effect effect, std::string_view help) override {
        if (prefix_.empty()) {
            begin_group(name, "");
        }
        const std::string text = value.default_text();
        const bool none = text.empty() || text == "\"\"" || text == "[]" || text == "{}";
        page_ += fmt::format("*{}*: {}{}\n\t{} _Effect: {}._\n\n",
                             escape(prefix_ + std::string(name)), escape(value.expects()),
                             none ? "" : fmt::format("; default {}", escape(text)), escape(help),
                             escape(effect_text(effect)));
    }

    void section(std::string_view name, Section&& section, std::string_view help,
                 Form form) override {
        enter(name, help, form, [&] { section.describe(*this); });
    }

    void list(std::string_view name, SectionList&& list, std::string_view help,
              Form form) override {
        enter(name, help, form, [&] { list.describe_default(*this); });
    }

    void internal(std::string_view, Value&&) override {}

  private:
    template <typename Describe>
    void enter(std::string_view name, std::string_view help, Form form, Describe describe_keys) {
        const std::string outer = prefix_;
        if (outer.empty()) {
            std::string text(help);
            if (!form.short_key.empty()) {
                text += fmt::format(" A bare value is its {}.", form.short_key);
            }
            begin_group(name, text);
        } else {
            page_ += fmt::format("*{}*: the keys below\n\t{}\n\n",
                                 escape(outer + std::string(name)), escape(help));
        }
        prefix_ += fmt::format("{}.", name);
        describe_keys();
        prefix_ = outer;
    }

    void begin_group(std::string_view name, std::string_view text) {
        page_ += fmt::format("# {}\n\n", name);
        if (!text.empty()) {
            page_ += fmt::format("{}\n\n", escape(text));
        }
    }

    std::string& page_;
    std::string prefix_;
};

}  // namespace

std::string configuration_man_page() {
    std::string page = fmt::format("geventd.yaml(5) \"geventd {}\"\n{}\n", kVersion, kIntroduction);
    Settings defaults;
    ManWriter writer(page);
    describe(writer, defaults);
    return page.append(kEnd.substr(1));
}

}  // namespace geventd::config
