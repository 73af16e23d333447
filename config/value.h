// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "config/yaml/tree.h"

namespace geventd::config {

/// Where a Value says what is wrong with what it was given: `below` is the rest of the key's path
/// ("[1]", ".NAME", mostly ""); the text is the sentence's rest.
using Complain =
    std::function<void(const Mark& mark, const std::string& below, const std::string& text)>;

/// One setting's value, bound to the member that holds it; the member outlives it. A new kind of
/// value is a new class of this kind, see values.h.
class Value {
  public:
    virtual ~Value() = default;

    /// Takes the node over into the member; complains and leaves the member alone when it cannot.
    virtual void read(const Node& node, const Complain& complain) = 0;

    /// The member as YAML on one line; read() takes it back unchanged.
    [[nodiscard]] virtual std::string write() const = 0;

    /// What may stand here: "a size from 1KiB to 16MiB".
    [[nodiscard]] virtual std::string expects() const = 0;

    /// The default as the manual shows it; override where the member's own value does not say it.
    [[nodiscard]] virtual std::string default_text() const { return write(); }

    /// True: `${...}` has a meaning of its own here and is not taken from the environment.
    [[nodiscard]] virtual bool verbatim() const { return false; }
};

/// What a node is, for a message: "a list", "nothing", "the text 'x'".
std::string what_is(const Node& node);

/// The text of a scalar without NUL; complains otherwise.
bool read_text(const Node& node, std::string_view expected, std::string& text,
               const Complain& complain);

/// A double-quoted YAML scalar.
std::string quote(std::string_view text);

}  // namespace geventd::config
