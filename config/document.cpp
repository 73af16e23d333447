// SPDX-License-Identifier: MIT
#include "config/document.h"

#include <string_view>

#include <fmt/core.h>

#include "config/describe.h"
#include "config/diff.h"

namespace geventd::config {

namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

<!-- Written by `ninja -C build config-docs` from config/describe.cpp; edit that instead. -->

geventd reads one YAML file, `geventd -c server.yaml`. The smallest one:

```yaml
listen: http://127.0.0.1:8000
app: myapp:application
```

* Unknown keys, wrong types, values out of range and contradictions are errors. All of them are
  reported at once, as `file:line:column: key: what is wrong, what is expected`.
* Sizes are in bytes, or have a unit: `B`, `KiB`, `MiB`, `GiB`. Times must have a unit: `ms`, `s`,
  `m`, `h`. Booleans are `true` and `false`.
* `${NAME}` is replaced by the environment variable, `${NAME:-default}` by the default if the
  variable is unset or empty; `$${` stands for a literal `${`.
* Anchors, aliases and merge keys (`<<`) work. A key given twice is an error.
* `--set key.path=value` sets any key from the command line. It may be given several times. The value
  is YAML: `--set workers.cores=200`, `--set app.environment.DEBUG=1`,
  `--set listen='[http://:8000, uwsgi://:3031]'`. Lists are replaced, maps of texts are added to. What
  begins with `%` or `@` is text to its end: `--set app.environment.DATES='%d %b'`.
* So does the environment: `GEVENTD__LIMITS__REQUEST_HEAD=1MiB` is `limits.request-head`, and
  `GEVENTD__APP__ENVIRONMENT__DEBUG=1` is `DEBUG` in `app.environment`. An empty variable counts as
  unset, and one that names no key is an error. The file's values come first, the environment's go
  over them, and those of `--set` over both.
* No file is needed: `geventd shop:application` listens at port `$PORT` of all addresses, else at
  127.0.0.1:8000, and has `$WEB_CONCURRENCY` worker processes, else `auto`. `-b`, `-w` and `--cores`
  say it shortly. `-c -` reads the document from standard input, and keeps it for reloads and upgrades.
* uWSGI's and gunicorn's names are answered with geventd's.
* *effect* is when a changed value counts after a reload. `now`: for the whole server, as soon as the
  reload is done. `new generation`: for the workers that the reload starts and for what the master
  does for them; those that drain keep to the former value. `restart`: the reload leaves it alone and
  says so in the log.
)";

std::string escape(std::string text) {
    for (std::size_t i = 0; (i = text.find('|', i)) != std::string::npos; i += 2) {
        text.insert(i, 1, '\\');
    }
    return text;
}

/// The default as a cell of the table: values as code, "-" when there is none.
std::string default_cell(const Value& value) {
    std::string text = value.default_text();
    const bool none = text.empty() || text == "\"\"" || text == "[]" || text == "{}";
    const bool prose = text.find(' ') != std::string::npos && text.front() != '"';
    if (text.size() > 2 && text.front() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    return none ? "-" : prose ? escape(text) : fmt::format("`{}`", escape(text));
}

/// Writes a heading and a table for each group of the top level.
class PageWriter : public Visitor {
  public:
    explicit PageWriter(std::string& page) : page_(page) {}

    void key(std::string_view name, Value&& value, Effect effect, std::string_view help) override {
        if (prefix_.empty()) {
            begin_group(name, "");
        }
        page_ +=
            fmt::format("| `{}{}` | {} | {} | {} | {} |\n", prefix_, name, escape(value.expects()),
                        default_cell(value), effect_text(effect), escape(std::string(help)));
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
                text += fmt::format(" A bare value is its `{}`.", form.short_key);
            }
            begin_group(name, text);
        } else {
            page_ += fmt::format("| `{}{}` | the keys below | - | | {} |\n", outer, name,
                                 escape(std::string(help)));
        }
        prefix_ += fmt::format("{}.", name);
        describe_keys();
        prefix_ = outer;
    }

    void begin_group(std::string_view name, std::string_view text) {
        page_ += fmt::format("\n## {}\n\n", name);
        if (!text.empty()) {
            page_ += fmt::format("{}\n\n", text);
        }
        page_ += "| key | value | default | effect | meaning |\n| --- | --- | --- | --- | --- |\n";
    }

    std::string& page_;
    std::string prefix_;
};

}  // namespace

std::string configuration_page() {
    std::string page(kIntroduction);
    Settings defaults;
    PageWriter writer(page);
    describe(writer, defaults);
    return page;
}

}  // namespace geventd::config
