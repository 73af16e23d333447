// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "config/yaml/tree.h"

namespace geventd::config {

/// Reports what is wrong with a Value: `below` is the rest of the key's path ("[1]", ".NAME",
/// mostly
/// ""); the text completes the sentence.
using Complain =
    std::function<void(const Mark& mark, const std::string& below, const std::string& text)>;

/// One setting's value, bound to the member that holds it, which must outlive it. Each kind of
/// value is a subclass, see values.h.
class Value {
  public:
    virtual ~Value() = default;

    /// Reads the node into the member; on a fault, complains and leaves the member unchanged.
    virtual void read(const Node& node, const Complain& complain) = 0;

    /// The member as YAML on one line; read() reads it back unchanged.
    [[nodiscard]] virtual std::string write() const = 0;

    /// What is valid here: "a size from 1KiB to 16MiB".
    [[nodiscard]] virtual std::string expects() const = 0;

    /// The default as the manual shows it; overridden where the member's own value does not tell.
    [[nodiscard]] virtual std::string default_text() const { return write(); }

    /// Whether `${...}` has a meaning of its own here, and is not an environment variable.
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
