// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/hub/hub_bridge.h"
#include "worker/python/wsgi/file_wrapper_type.h"
#include "worker/python/wsgi/input_type.h"
#include "worker/python/wsgi/start_response_type.h"

namespace geventd::py {

/// The types of the objects that applications get with a request. Made once in a worker that
/// serves, and never destroyed: applications may keep the objects for ever.
/// Lives in: worker, Python side.
struct WsgiTypes {
    /// Throws PythonError.
    explicit WsgiTypes(HubBridge& bridge) : input(bridge), start_response(bridge) {}

    FileWrapperType file_wrapper;
    InputType input;
    StartResponseType start_response;
};

}  // namespace geventd::py
