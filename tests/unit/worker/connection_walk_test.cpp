// SPDX-License-Identifier: MIT
// Connections on random ways through their states: requests arrive in arbitrary pieces with pauses,
// answers come at once or later or are too large for the socket, clients stop sending, close or
// leave without reading. After each turn every connection must be watched, have a deadline or
// belong to its request; each request is answered once; after all deadlines no connection is left.
#include <algorithm>
#include <deque>
#include <memory>

#include "walk_script.h"
#include "worker_fixture.h"

namespace geventd::worker {
namespace {

constexpr int kWalks = 600;
constexpr std::size_t kBuffer = 4096;  // small, so that it is full soon

// Stands in for a request's greenlet: reads the body (or not), answers, ends.
struct Handler {
    explicit Handler(Request& served) : request(served) {}

    RequestRef request;
    std::string answer;
    std::size_t body = 0;
    bool writing = false;
    bool ended = false;
};

class Walk : public WorkerTest {
  protected:
    struct Client {
        UniqueFd fd;
        Script script;
        std::size_t sent = 0;
        std::string received;
        bool left = false;    // has closed its end
        bool patient = true;  // has not interfered: all its requests should be answered
    };

    void begin(unsigned seed) {
        random = std::make_unique<Random>(seed);
        clients.clear();
        handlers.clear();
        slot.~WorkerSlot();
        new (&slot) shm::WorkerSlot{};
        careless = random->one_in(3);
        application = std::make_unique<FakeApplication>();
        settings = {};
        settings.workers.cores = static_cast<int>(1 + random->upto(2));
        settings.on_disconnect =
            random->one_in(3) ? config::OnDisconnect::Cancel : config::OnDisconnect::Ignore;
        listening = std::make_unique<Listening>();
        listening->address.protocol =
            random->one_in(4) ? net::Protocol::Uwsgi : net::Protocol::Http;
        if (random->one_in(2)) {
            const std::vector<std::string> entries{"unix"};
            listening->trusted = *http::TrustedProxies::parse(entries);
        }
        worker = std::make_unique<Worker>(settings, slot, std::vector<Listening>());
        worker->serve(*application);
        application->on_start = [this](Request& request) {
            handlers.push_back(std::make_unique<Handler>(request));
            if (random->one_in(2)) {
                go_on(*handlers.back());
            }
        };
    }

    void turn() {
        worker->turn();
        ASSERT_EQ(worker->connections().neglect(), "");
    }

    void connect_one() {
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        ::setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &kBuffer, sizeof(int));
        auto client = std::make_unique<Client>();
        client->fd = UniqueFd::adopt(ends[0]);
        client->script = listening->address.protocol == net::Protocol::Http
                             ? make_http(!listening->trusted.empty(), *random)
                             : make_uwsgi(!listening->trusted.empty(), *random);
        clients.push_back(std::move(client));
        if (random->one_in(2)) {
            send_some(*clients.back());
        }
        worker->connections().add(net::Stream(UniqueFd::adopt(ends[1])), Peer{}, *listening);
    }

    void send_some(Client& client) {
        const std::size_t rest = client.script.bytes.size() - client.sent;
        if (client.left || rest == 0) {
            return;
        }
        const std::size_t piece =
            random->one_in(3) ? rest : 1 + random->upto(std::min<std::size_t>(rest - 1, 200));
        const ssize_t sent =
            ::send(client.fd.get(), client.script.bytes.data() + client.sent, piece, MSG_NOSIGNAL);
        client.sent += sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }

    static void receive(Client& client) {
        char buffer[16384];
        ssize_t got = 0;
        while (!client.left && (got = ::recv(client.fd.get(), buffer, sizeof buffer, 0)) > 0) {
            client.received.append(buffer, static_cast<std::size_t>(got));
        }
    }

    void leave(Client& client) {
        client.patient = false;
        if (random->one_in(2)) {
            ::shutdown(client.fd.get(), SHUT_WR);
            client.sent = client.script.bytes.size();
        } else {
            client.left = true;
            client.fd.reset();
        }
    }

    // Runs the handler until it waits or ends, unless it waits already.
    void go_on(Handler& handler) {
        Request& request = *handler.request;
        if (handler.ended || request.reader || request.writer) {
            return;
        }
        if (request.exchange == nullptr) {
            handler.ended = true;
        } else if (handler.writing) {
            finish_writing(handler);
        } else if ((careless && random->one_in(12)) || read_body(handler)) {
            write_answer(handler);
        }
    }

    // True when the whole body has been read.
    bool read_body(Handler& handler) {
        Request& request = *handler.request;
        char buffer[8192];
        for (;;) {
            std::size_t got = 0;
            switch (request.exchange->read_body(buffer, 1 + random->upto(8191), got)) {
                case Exchange::IoState::Done:
                    handler.body += got;
                    if (got == 0) {
                        return true;
                    }
                    break;
                case Exchange::IoState::Failed:
                    end(handler, false);
                    return false;
                case Exchange::IoState::Wait:
                    request.reader.greenlet = as_greenlet(this);
                    request.exchange->await_readable();
                    return false;
            }
        }
    }

    void write_answer(Handler& handler) {
        Request& request = *handler.request;
        const std::string body = random->one_in(4) ? std::string(60'000, '.') : "";
        const std::string text = std::string(request.path_info).substr(1);
        handler.answer = fmt::format("[{}:{}]", text, handler.body) + body;
        handler.writing = true;
        if (send_answer(request, handler.answer) == Exchange::IoState::Wait) {
            request.writer.greenlet = as_greenlet(this);
        } else {
            finish_writing(handler);
        }
    }

    void finish_writing(Handler& handler) {
        const Exchange& exchange = *handler.request->exchange;
        const bool out = !exchange.broken() && !exchange.is_sending();
        end(handler, out && !(careless && random->one_in(20)));
    }

    void end(Handler& handler, bool complete) {
        handler.ended = true;
        handler.request->exchange->finish(complete);
    }

    void go_on_with_all() {
        for (std::size_t i = 0; i < handlers.size(); ++i) {  // handlers may grow meanwhile
            go_on(*handlers[i]);
        }
        std::erase_if(handlers, [](const auto& handler) { return handler->ended; });
    }

    void step() {
        Client* client =
            clients.empty() ? nullptr : clients[random->upto(clients.size() - 1)].get();
        switch (random->upto(9)) {
            case 0:
                if (clients.size() < 5) {
                    connect_one();
                }
                break;
            case 1:
                if (client != nullptr && !client->left && random->one_in(6)) {
                    leave(*client);
                }
                break;
            case 2:
                if (client != nullptr) {
                    receive(*client);
                }
                break;
            case 3:
                if (!handlers.empty()) {
                    go_on(*random->any(handlers));
                }
                break;
            case 4:
                if (random->one_in(10)) {
                    let_time_pass(random->one_in(2) ? std::chrono::seconds(31)
                                                    : std::chrono::seconds(1));
                }
                break;
            case 5:
            case 6:
                turn();
                break;
            default:
                if (client != nullptr) {
                    send_some(*client);
                }
        }
    }

    void let_time_pass(Duration time) {
        for (const auto& client : clients) {
            client->patient = false;
        }
        worker->clock().fall_due(Clock::now() + time);
        turn();
    }

    // Goes on until everything has happened that can happen without moving the clock.
    void settle() {
        // Three quiet rounds, because the effect of one round may show only in the next.
        for (int rounds = 0, quiet = 0; quiet < 3; ++rounds) {
            ASSERT_LT(rounds, 3000) << "it never comes to rest";
            const auto before = progress();
            for (const auto& client : clients) {
                send_some(*client);
                receive(*client);
            }
            go_on_with_all();
            turn();
            pollfd watched{worker->loop().backend_fd(), POLLIN, 0};
            quiet = before == progress() && ::poll(&watched, 1, 0) == 0 ? quiet + 1 : 0;
            if (quiet == 3 && slot.queued.load() > 0 && !handlers.empty()) {
                // A client that stopped halfway holds a core that other requests wait for.
                end(*handlers.front(), false);
                quiet = 0;
            }
        }
    }

    [[nodiscard]] std::size_t progress() const {
        std::size_t sum = slot.requests.load() + slot.accepted.load() + handlers.size();
        for (const auto& client : clients) {
            sum += client->sent + client->received.size();
        }
        for (const auto& handler : handlers) {
            sum += handler->body;
        }
        return sum;
    }

    // The marks of all answers that a client received, in order.
    static std::vector<std::string> answers(const Client& client) {
        std::vector<std::string> found;
        for (std::size_t at = 0; (at = client.received.find('[', at)) != std::string::npos;) {
            const std::size_t close = client.received.find(']', at);
            if (close == std::string::npos) {
                break;
            }
            found.push_back(client.received.substr(at, close + 1 - at));
            at = close;
        }
        return found;
    }

    void check_answers(const Client& client) const {
        const auto got = answers(client);
        const auto& wanted = client.script.answers;
        ASSERT_LE(got.size(), wanted.size());
        for (std::size_t i = 0; i < got.size(); ++i) {
            const std::string number = wanted[i].substr(0, wanted[i].find(':'));
            EXPECT_EQ(got[i].substr(0, got[i].find(':')), number) << "not in order, or twice";
        }
        if (client.patient && client.script.complete && !careless) {
            EXPECT_EQ(got, wanted) << "a request has no answer or a wrong one";
        }
    }

    // Moves the clock past all deadlines, which end answers, pauses and silent clients.
    void outlive_all() {
        for (int rounds = 0; slot.connections.load() > 0; ++rounds) {
            ASSERT_LT(rounds, 50) << worker->connections().neglect();
            let_time_pass(std::chrono::hours(1));
            for (const auto& client : clients) {
                receive(*client);
            }
            go_on_with_all();
            turn();
        }
        go_on_with_all();
        turn();
        EXPECT_EQ(slot.cores_busy.load(), 0u);
        EXPECT_EQ(slot.queued.load(), 0u);
        EXPECT_TRUE(handlers.empty());
    }

    std::unique_ptr<Random> random;
    std::unique_ptr<Listening> listening;
    std::unique_ptr<FakeApplication> application;  // hides the fixture's
    std::deque<std::unique_ptr<Handler>> handlers;
    std::vector<std::unique_ptr<Client>> clients;
    bool careless = false;  // handlers may answer without reading the body, or abort
};

TEST_F(Walk, EndsWithEveryRequestAnsweredAndNothingLeft) {
    for (unsigned seed = 1; seed <= kWalks && !HasFailure(); ++seed) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        begin(seed);
        connect_one();
        for (std::size_t steps = 20 + random->upto(150); steps > 0 && !HasFatalFailure(); --steps) {
            step();
        }
        settle();
        for (const auto& client : clients) {
            check_answers(*client);
        }
        outlive_all();
        worker.reset();
    }
}

}  // namespace
}  // namespace geventd::worker
