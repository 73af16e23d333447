// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/settings.h"
#include "config/value.h"

namespace geventd::config {

/// The kinds of values that one setting alone has.

/// Where to listen.
class AddressValue : public Value {
  public:
    explicit AddressValue(net::Address& member) : member_(member) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;
    [[nodiscard]] std::string expects() const override;
    [[nodiscard]] std::string default_text() const override;

  private:
    net::Address& member_;
};

/// A moment, or a list of what gevent shall patch.
class MonkeyPatchValue : public Value {
  public:
    explicit MonkeyPatchValue(MonkeyPatch& member) : member_(member) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;
    [[nodiscard]] std::string expects() const override;

  private:
    void read_modules(const Node& node, const Complain& complain);

    MonkeyPatch& member_;
};

/// A number of processes, or `auto`.
class ProcessCount : public Value {
  public:
    explicit ProcessCount(int& member) : member_(member) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;
    [[nodiscard]] std::string expects() const override;

    [[nodiscard]] std::string default_text() const override { return "auto"; }

    /// Sets the member to what `auto` means here.
    void read_auto();

  private:
    int& member_;
};

/// The control socket's path, which has a default of its own for each server.
class ControlPath : public Value {
  public:
    explicit ControlPath(std::string& member) : member_(member) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;
    [[nodiscard]] std::string expects() const override;
    [[nodiscard]] std::string default_text() const override;

  private:
    std::string& member_;
};

}  // namespace geventd::config
