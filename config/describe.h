// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "config/value.h"

namespace geventd::config {

class Visitor;

/// When a changed value counts after a reload.
enum class Moment {
    Now,         ///< for the whole server, with the reload that reads it
    Generation,  ///< for the new generation; workers of the old one end by the former value
    Restart,     ///< a reload leaves it alone
};

/// When a setting takes effect. An enum alone would do, but for values that need a restart where
/// others do not.
struct Effect {
    Moment moment;
    std::array<std::string_view, 2> restart_values;  ///< these need a restart; "": none
};

/// A group of keys, bound to the struct that holds their values.
class Section {
  public:
    virtual ~Section() = default;
    virtual void describe(Visitor& visitor) = 0;
};

/// A list of such groups, bound to the vector that holds them.
class SectionList {
  public:
    virtual ~SectionList() = default;
    virtual void clear() = 0;
    virtual void append() = 0;  ///< one with the defaults, at the end
    [[nodiscard]] virtual std::size_t size() const = 0;
    virtual void describe(std::size_t index, Visitor& visitor) = 0;

    /// Describes the keys of an element with their defaults.
    virtual void describe_default(Visitor& visitor) = 0;
};

/// How a group may be written when it is not a map.
struct Form {
    std::string_view short_key;  ///< the key that a bare value stands for ("" when none)
    std::string_view hint_key;   ///< the key that someone who writes a bare value means
    std::string_view flag_path;  ///< the whole path that someone who writes true or false means
};

/// Walks over the settings. Loading, dumping, comparing, the catalogue of keys and the manual are
/// visitors; none of them knows a key by name.
class Visitor {
  public:
    virtual ~Visitor() = default;

    virtual void key(std::string_view name, Value&& value, Effect effect,
                     std::string_view help) = 0;
    virtual void section(std::string_view name, Section&& section, std::string_view help,
                         Form form) = 0;
    virtual void list(std::string_view name, SectionList&& list, std::string_view help,
                      Form form) = 0;

    /// A member that is no setting but travels with the effective configuration.
    virtual void internal(std::string_view name, Value&& value) = 0;
};

/// The one description of every setting: key, member, range, unit, when a change takes effect, and
/// a line of help. The default is the member's own. A new setting is a new line in describe.cpp, a
/// new group a new overload.
void describe(Visitor& v, Settings& s);
void describe(Visitor& v, Listen& s);
void describe(Visitor& v, Certificate& s);
void describe(Visitor& v, App& s);
void describe(Visitor& v, StaticFiles& s);
void describe(Visitor& v, Sendfile& s);
void describe(Visitor& v, Workers& s);
void describe(Visitor& v, Limits& s);
void describe(Visitor& v, Sticky& s);
void describe(Visitor& v, Process& s);
void describe(Visitor& v, Log& s);
void describe(Visitor& v, AccessWhen& s);
void describe(Visitor& v, Signals& s);
void describe(Visitor& v, Timer& s);
void describe(Visitor& v, Cron& s);
void describe(Visitor& v, Monitor& s);
void describe(Visitor& v, Hooks& s);
void describe(Visitor& v, Reload& s);
void describe(Visitor& v, Metrics& s);

}  // namespace geventd::config
