// SPDX-License-Identifier: MIT
#include "config/tls.h"

#include "config/bound.h"
#include "config/describe_words.h"
#include "config/values.h"

namespace geventd::config {

namespace {

std::string hsts_value(const std::string& text) {
    const bool fine = text.starts_with("max-age=") && text.find_first_of("\r\n") == text.npos;
    return fine || text.empty() ? "" : "'" + text + "' does not begin with max-age=";
}

}  // namespace

void describe(Visitor& v, Certificate& s) {
    v.key("certificate", Text(s.certificate, "a PEM file"), kGeneration,
          "The server's own certificate and then those of its chain, without the root; relative to "
          "the configuration file's folder.");
    v.key("key", Text(s.key, "a PEM file"), kGeneration,
          "Its private key. Without it: the key is in the file of the certificate.");
    v.key("passphrase-file", Text(s.passphrase_file, "a file"), kGeneration,
          "The file whose first line is the passphrase of the key.");
    v.key("ocsp", Text(s.ocsp, "a DER file"), kGeneration,
          "A response of the authority that the certificate is not revoked, which clients get with "
          "it (OCSP stapling). The file need not exist yet.");
}

void describe_tls(Visitor& v, Listen& s) {
    ListenTls& tls = s.tls;
    v.list("certificates", BoundList(tls.certificates),
           "The certificates of an https address; the client gets the one for the host that it "
           "names (SNI), else the first. New ones on the disk are taken without a reload.",
           {.short_key = "certificate"});
    using C = ClientCertificates;
    v.key("client-certificates",
          Choice<C>(tls.clients,
                    {{"none", C::None}, {"optional", C::Optional}, {"require", C::Require}}),
          kGeneration,
          "Whether clients are asked for a certificate. optional: one that is shown must be good; "
          "require: without one there is no connection.");
    v.key("client-ca", Text(tls.client_ca, "a PEM file"), kGeneration,
          "The certificates of the authorities that may have signed those of the clients.");
    using O = OldestTls;
    v.key("tls-minimum", Choice<O>(tls.oldest, {{"1.2", O::Tls12}, {"1.3", O::Tls13}}), kGeneration,
          "The oldest version of TLS that is spoken.");
    v.key("ciphers", Text(tls.ciphers, "a list of ciphers, as OpenSSL writes it"), kGeneration,
          "The ciphers of TLS 1.2. Without it: those with forward secrecy and authenticated "
          "encryption.");
    v.key("redirect-https", Integer(tls.redirect_https, 0, 65'535), kGeneration,
          "Requests to this http address are answered with a redirect to the same host by https, "
          "at this port, except those below /.well-known/acme-challenge/. 0: they are not.");
    v.key("hsts", Text(tls.hsts, "a text such as max-age=31536000", hsts_value), kGeneration,
          "The Strict-Transport-Security of all answers of an https address, but those to health "
          "checks: browsers then come by https only.");
}

std::vector<std::string*> tls_files(Settings& settings) {
    std::vector<std::string*> files;
    for (Listen& listen : settings.listen) {
        files.push_back(&listen.tls.client_ca);
        for (Certificate& certificate : listen.tls.certificates) {
            files.insert(files.end(), {&certificate.certificate, &certificate.key,
                                       &certificate.passphrase_file, &certificate.ocsp});
        }
    }
    return files;
}

}  // namespace geventd::config
