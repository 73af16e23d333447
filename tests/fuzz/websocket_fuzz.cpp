// SPDX-License-Identifier: MIT
//
// Any bytes as a client's frames: the same messages, answers and end however they are cut, also
// when another client's arrive in between, and no message over the limit.
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "websocket/session.h"

namespace {

using geventd::fuzz::require;
using geventd::websocket::DeflateTerms;
using geventd::websocket::Engine;
using geventd::websocket::Session;

constexpr std::size_t kMost = 4096;
constexpr char kPong = '\x8a';

class Listener final : public Session::User {
  public:
    Listener(Engine& engine, bool deflate)
        : session_(engine.make(*this,
                               {kMost, deflate ? std::optional(DeflateTerms{}) : std::nullopt})) {}

    void receive(std::string_view bytes) {
        require(session_->receive(bytes));
        do {
            sent_ += session_->take_output();
        } while (session_->has_input() && session_->go_on());
    }

    void on_message(bool is_text, std::string message) override {
        require(message.size() <= kMost);
        messages_.push_back((is_text ? "t" : "b") + std::move(message));
    }

    [[nodiscard]] bool is_full() const override { return false; }

    bool operator==(const Listener& other) const {
        const auto& end = session_->end();
        const auto& other_end = other.session_->end();
        return messages_ == other.messages_ && has_answered_as(other) &&
               end.has_value() == other_end.has_value() &&
               (!end || (end->code == other_end->code && end->by_client == other_end->by_client));
    }

  private:
    struct Answers {
        std::string pongs;
        std::string rest;
    };

    [[nodiscard]] Answers answers() const {
        Answers found;
        for (std::size_t at = 0; at + 1 < sent_.size();) {
            const std::size_t size = 2 + static_cast<unsigned char>(sent_[at + 1]);
            (sent_[at] == kPong ? found.pongs : found.rest) += sent_.substr(at, size);
            at += size;
        }
        return found;
    }

    // Pongs that wait when the client closes or breaks the rules are not sent: RFC 6455 (5.5.2)
    // asks for none then, and which do depends on the pieces. The others have left in their order.
    [[nodiscard]] bool has_answered_as(const Listener& other) const {
        if (!session_->end()) {
            return sent_ == other.sent_;
        }
        const Answers own = answers();
        const Answers others = other.answers();
        return own.rest == others.rest &&
               (own.pongs.starts_with(others.pongs) || others.pongs.starts_with(own.pongs));
    }

    std::vector<std::string> messages_;
    std::string sent_;
    std::unique_ptr<Session> session_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::unique_ptr<Engine> engine = geventd::websocket::make_engine();
    const std::string_view bytes = geventd::fuzz::to_view(data, size);
    for (const bool deflate : {false, true}) {
        Listener whole(*engine, deflate);
        whole.receive(bytes);
        Listener cut(*engine, deflate);
        Listener other(*engine, deflate);
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            cut.receive(bytes.substr(at, 1));
            other.receive(bytes.substr(at, 1));
        }
        require(whole == cut);
        require(whole == other);
    }
    return 0;
}
