// SPDX-License-Identifier: MIT
#include "config/checks_tls.h"

#include <string>
#include <string_view>

#include <fmt/core.h>

namespace geventd::config {

namespace {

/// Reports faults of one entry of `listen`.
class EntryReport {
  public:
    EntryReport(std::size_t index, const Mark& start, const Reading& reading)
        : path_(fmt::format("listen[{}]", index)), start_(start), reading_(reading) {}

    void operator()(const std::string& key, const std::string& text) const {
        const std::string path = fmt::format("{}.{}", path_, key);
        const std::string group = path.substr(0, path.find('[', path_.size()));
        Mark mark = start_;
        for (const std::string& place : {std::string("listen"), path_ + ".address", group, path}) {
            mark = reading_.place_of(place, mark);
        }
        reading_.diagnostics.report(mark, path, text);
    }

  private:
    std::string path_;
    const Mark& start_;
    const Reading& reading_;
};

void check_plain(const Listen& listen, const EntryReport& report) {
    const std::string address = net::format_address(listen.address);
    const std::string only_https =
        fmt::format("is for https:// addresses, and not for {}", address);
    const ListenTls defaults;
    if (!listen.tls.certificates.empty()) {
        report("certificates", only_https);
    }
    if (listen.tls.clients != defaults.clients) {
        report("client-certificates", only_https);
    }
    if (!listen.tls.client_ca.empty()) {
        report("client-ca", only_https);
    }
    if (listen.tls.oldest != defaults.oldest) {
        report("tls-minimum", only_https);
    }
    if (!listen.tls.ciphers.empty()) {
        report("ciphers", only_https);
    }
    if (!listen.tls.hsts.empty()) {
        report("hsts", only_https);
    }
    if (listen.tls.redirect_https != 0 && listen.address.protocol != net::Protocol::Http) {
        report("redirect-https", fmt::format("is for http:// addresses, and not for {}", address));
    }
}

void check_https(const Listen& listen, const EntryReport& report) {
    const ListenTls& tls = listen.tls;
    if (tls.certificates.empty()) {
        report("certificates", fmt::format("is missing for {}, expected such as [{{certificate: "
                                           "cert.pem, key: key.pem}}]",
                                           net::format_address(listen.address)));
    }
    for (std::size_t i = 0; i < tls.certificates.size(); ++i) {
        if (tls.certificates[i].certificate.empty()) {
            report(fmt::format("certificates[{}].certificate", i),
                   "is missing, expected a PEM file");
        }
    }
    if (tls.clients != ClientCertificates::None && tls.client_ca.empty()) {
        report("client-ca",
               "is missing, expected a PEM file with the authorities that sign "
               "clients' certificates");
    }
    if (tls.clients == ClientCertificates::None && !tls.client_ca.empty()) {
        report("client-ca",
               "is given, but clients are not asked for certificates, expected "
               "client-certificates: optional or require");
    }
    if (tls.redirect_https != 0) {
        report("redirect-https", "is for http:// addresses");
    }
}

// What a connection and its client have agreed upon in a handshake cannot leave its process.
void refuse_sticky_https(const Settings& settings, const Mark& start, const Reading& reading) {
    for (const Listen& listen : settings.listen) {
        if (settings.sticky.is_set() && listen.address.tls) {
            reading.diagnostics.report(
                reading.place_of("sticky", start), "sticky",
                fmt::format("cannot hand connections of {} to another worker, expected addresses "
                            "of http:// only, with TLS at a proxy in front",
                            net::format_address(listen.address)));
            return;
        }
    }
}

}  // namespace

void check_tls(const Settings& settings, const Mark& start, const Reading& reading) {
    if (reading.diagnostics.concerns("listen")) {
        return;
    }
    for (std::size_t i = 0; i < settings.listen.size(); ++i) {
        const Listen& listen = settings.listen[i];
        const EntryReport report(i, start, reading);
        listen.address.tls ? check_https(listen, report) : check_plain(listen, report);
    }
    refuse_sticky_https(settings, start, reading);
}

}  // namespace geventd::config
