// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "master/status/status.h"
#include "tls/material.h"

namespace geventd::master {

/// What the files of `listen` hold.
struct Certification {
    std::vector<tls::Endpoint> endpoints;     ///< by the index in `listen`
    std::vector<CertificateStatus> statuses;  ///< one for each certificate
    std::vector<std::string> warnings;        ///< what people should know
};

/// Reads certificates, keys and authorities with this process's rights, and checks that they
/// fit. Throws std::runtime_error with the key in the configuration, the path and what is wrong.
Certification read_certification(const std::vector<config::Listen>& listen);

/// A line by which a certificate is known again, wherever in the configuration it stands.
std::string identity_of(const CertificateStatus& status);

/// Throws std::runtime_error when a certificate has expired, unless its identity is `known`, or is
/// not valid yet.
void refuse_untimely(const std::vector<CertificateStatus>& wanted,
                     const std::vector<std::string>& known = {});

/// All files that it reads.
std::vector<std::string> certification_files(const std::vector<config::Listen>& listen);

}  // namespace geventd::master
