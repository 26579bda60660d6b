// SPDX-License-Identifier: LGPL-2.1-or-later
// One row per call: its name, its arguments in order and its result. Scalars are given as they are; of a
// structure what can be compared between runs and systems, and only after a call that has succeeded, because
// tests pass bad pointers on purpose. Ids, handles and addresses are reduced to whether they are there.
#pragma once

#include <string>
#include <type_traits>

#include "conformance/harness/json.h"
#include "conformance/harness/recorder.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc::conformance {

// Whose contents may be looked at after a call.
enum class Readable {
    nothing,
    lengths,  // the call has failed and said how long a buffer must be
    everything,
};
Readable readable_after(NTSTATUS status);

std::string describe_message(const PORT_MESSAGE* message);
std::string describe_attributes(const ALPC_MESSAGE_ATTRIBUTES* attributes);
std::string describe_port_attributes(const ALPC_PORT_ATTRIBUTES* attributes);
std::string describe_view_attribute(const ALPC_DATA_VIEW_ATTR* view);
std::string describe_timeout(const LARGE_INTEGER* timeout);

template <typename T>
std::string describe_argument(T argument, Readable readable) {
    if constexpr (std::is_enum_v<T>) {
        return std::to_string(static_cast<unsigned long long>(argument));
    } else if constexpr (std::is_integral_v<T>) {
        return std::to_string(argument);
    } else if constexpr (std::is_null_pointer_v<T>) {
        return "null";
    } else {
        if (!argument) return "null";
        using Target = std::remove_cv_t<std::remove_pointer_t<T>>;
        if constexpr (std::is_same_v<Target, ULONG> || std::is_same_v<Target, SIZE_T>) {
            if (readable != Readable::nothing) return std::to_string(*argument);
        }
        if (readable != Readable::everything) return "\"set\"";
        if constexpr (std::is_same_v<Target, PORT_MESSAGE>) return describe_message(argument);
        if constexpr (std::is_same_v<Target, ALPC_MESSAGE_ATTRIBUTES>) return describe_attributes(argument);
        if constexpr (std::is_same_v<Target, ALPC_PORT_ATTRIBUTES>) return describe_port_attributes(argument);
        if constexpr (std::is_same_v<Target, ALPC_DATA_VIEW_ATTR>) return describe_view_attribute(argument);
        if constexpr (std::is_same_v<Target, LARGE_INTEGER>) return describe_timeout(argument);
        if constexpr (std::is_same_v<Target, void*>) return *argument ? "\"not null\"" : "\"is null\"";
        return "\"set\"";
    }
}

void record_call(const char* name, const JsonList& arguments, const std::string& result);
std::string describe_result(NTSTATUS status);

// For calls that return a status; a number; a pointer; nothing.
template <typename... Arguments>
void observe_status_call(const char* name, NTSTATUS status, Arguments... arguments) {
    if (!is_recording()) return;
    JsonList list;
    (list.add_raw(describe_argument(arguments, readable_after(status))), ...);
    record_call(name, list, describe_result(status));
}

template <typename Result, typename... Arguments>
void observe_value_call(const char* name, Result result, Arguments... arguments) {
    if (!is_recording()) return;
    JsonList list;
    (list.add_raw(describe_argument(arguments, Readable::nothing)), ...);
    record_call(name, list, describe_argument(result, Readable::nothing));
}

template <typename... Arguments>
void observe_void_call(const char* name, Arguments... arguments) {
    if (!is_recording()) return;
    JsonList list;
    (list.add_raw(describe_argument(arguments, Readable::nothing)), ...);
    record_call(name, list, "null");
}

}  // namespace ntalpc::conformance
