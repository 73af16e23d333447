// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "config/values.h"

namespace geventd::config {

/// The kinds of values that only one setting has.

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

/// The address of a monitoring endpoint, or none. Without a host it means the loopback address,
/// unlike in `listen`.
class WatchAddress : public Value {
  public:
    enum class Form {
        Url,   ///< http://127.0.0.1:9090
        Bare,  ///< 127.0.0.1:9191, like uWSGI's `stats`: HTTP is not spoken there
    };

    WatchAddress(std::optional<net::Address>& member, Form form) : member_(member), form_(form) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;
    [[nodiscard]] std::string expects() const override;

  private:
    [[nodiscard]] Result<net::Address> parse(const std::string& text) const;

    std::optional<net::Address>& member_;
    Form form_;
};

/// What is imported or called before the application is loaded: one such text, or a list.
class ModuleList : public TextList {
  public:
    explicit ModuleList(std::vector<std::string>& member)
        : TextList(member,
                   "a module such as mypatches, a function such as mypatches:apply, or a list",
                   fault_of) {}

    void read(const Node& node, const Complain& complain) override;

  private:
    static std::string fault_of(const std::string& text);
};

/// When gevent patches, or a list of what it patches.
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

/// `auto`, true or false.
class PreloadValue : public Value {
  public:
    explicit PreloadValue(Preload& member) : member_(member) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;
    [[nodiscard]] std::string expects() const override;

  private:
    Preload& member_;
};

/// A number of processes, `auto`, or a formula with the number of CPUs.
class ProcessCount : public Value {
  public:
    explicit ProcessCount(int& member) : member_(member) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;
    [[nodiscard]] std::string expects() const override;

    [[nodiscard]] std::string default_text() const override { return "auto"; }

    /// Sets the member to what `auto` means on this machine.
    void read_auto();

  private:
    void read_formula(const Node& node, const Complain& complain);

    int& member_;
};

/// The control socket's path, whose default depends on the server.
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

/// The peers that are believed about the client.
class ProxyList : public TextList {
  public:
    explicit ProxyList(std::vector<std::string>& member)
        : TextList(member, "a list of addresses, networks such as 10.0.0.0/8, or unix", fault_of) {}

  private:
    static std::string fault_of(const std::string& text);
};

/// Statuses of answers, or classes of them.
class StatusList : public TextList {
  public:
    explicit StatusList(std::vector<std::string>& member)
        : TextList(member, "a list of statuses such as 404 or 5xx", fault_of) {}

  private:
    static std::string fault_of(const std::string& text);
};

/// Names of hosts, without ports.
class HostList : public TextList {
  public:
    explicit HostList(std::vector<std::string>& member)
        : TextList(member, "a list of names such as metrics.example.com", fault_of) {}

  private:
    static std::string fault_of(const std::string& text);
};

/// Applications under prefixes of the path.
class MountMap : public TextMap {
  public:
    explicit MountMap(std::map<std::string, std::string>& member)
        : TextMap(member, "a map of prefixes such as /api to applications") {}

    void read(const Node& node, const Complain& complain) override;
};

/// A signal number, or none.
class SignalNumber : public Value {
  public:
    explicit SignalNumber(std::optional<int>& member) : member_(member) {}

    void read(const Node& node, const Complain& complain) override;
    [[nodiscard]] std::string write() const override;
    [[nodiscard]] std::string expects() const override;

  private:
    std::optional<int>& member_;
};

/// The period of a timer; required.
class Period : public Time {
  public:
    explicit Period(Milliseconds& member)
        : Time(member, Milliseconds(1), std::chrono::hours(10 * 365 * 24)) {}

    [[nodiscard]] std::string default_text() const override { return ""; }
};

/// Where the log goes. Standard descriptors have one name, however they are written.
class LogPlace : public Text {
  public:
    explicit LogPlace(std::string& member)
        : Text(member, "stderr, stdout, syslog, journald or the path of a file"), member_(member) {}

    void read(const Node& node, const Complain& complain) override;

  private:
    std::string& member_;
};

/// Where the access log goes.
class AccessPlace : public Text {
  public:
    explicit AccessPlace(std::string& member)
        : Text(member, "stdout or the path of a file"), member_(member) {}

    void read(const Node& node, const Complain& complain) override;

  private:
    std::string& member_;
};

/// The template of the access log's lines, or that there is no access log.
class AccessFormat : public VerbatimText {
  public:
    explicit AccessFormat(std::string& member)
        : VerbatimText(member, "off, common, combined, uwsgi, json or a format of ${...} variables",
                       fault_of) {}

  private:
    static std::string fault_of(const std::string& text);
};

}  // namespace geventd::config
