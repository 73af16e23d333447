// SPDX-License-Identifier: MIT
// What is built without OpenSSL.
#include <stdexcept>

#include "tls/certificate.h"
#include "tls/server.h"
#include "tls/staple.h"

namespace geventd::tls {

namespace {

[[noreturn]] void refuse() {
    throw std::runtime_error("this geventd was built without TLS, expected http:// or uwsgi://");
}

}  // namespace

bool is_available() {
    return false;
}

Facts examine(const Pair&) {
    refuse();
}

void examine_authorities(std::string_view) {
    refuse();
}

void examine_staple(const Pair&) {
    refuse();
}

Secret unlock(std::string_view, std::string_view) {
    refuse();
}

std::unique_ptr<Server> make_server(const Endpoint&, const std::vector<TicketKey>&) {
    refuse();
}

}  // namespace geventd::tls
