// SPDX-License-Identifier: LGPL-2.1-or-later
// What a row says about structures, see call_observation.h.
#include "conformance/harness/call_observation.h"

#include <cstdint>

#include "conformance/harness/test.h"

namespace ntalpc::conformance {

Readable readable_after(NTSTATUS status) {
    if (status == STATUS_SUCCESS) return Readable::everything;
    if (status == static_cast<NTSTATUS>(STATUS_BUFFER_TOO_SMALL) ||
        status == static_cast<NTSTATUS>(STATUS_INFO_LENGTH_MISMATCH))
        return Readable::lengths;
    return Readable::nothing;
}

namespace {

const char* describe_sender(const CLIENT_ID& sender) {
    if (!sender.UniqueProcess) return "nobody";
    if (sender.UniqueProcess != current_process_id()) return "another process";
    return sender.UniqueThread == current_thread_id() ? "this thread" : "this process";
}

}  // namespace

std::string describe_message(const PORT_MESSAGE* message) {
    return JsonObject()
        .number("Type", static_cast<std::uint16_t>(message->u2.s2.Type))
        .number("DataLength", static_cast<std::uint16_t>(message->u1.s1.DataLength))
        .number("TotalLength", static_cast<std::uint16_t>(message->u1.s1.TotalLength))
        .text("ClientId", describe_sender(message->ClientId))
        .flag("MessageId", message->MessageId != 0)
        .flag("CallbackId", message->CallbackId != 0)
        .str();
}

std::string describe_attributes(const ALPC_MESSAGE_ATTRIBUTES* attributes) {
    return JsonObject()
        .number("Allocated", attributes->AllocatedAttributes)
        .number("Valid", attributes->ValidAttributes)
        .str();
}

std::string describe_port_attributes(const ALPC_PORT_ATTRIBUTES* attributes) {
    return JsonObject()
        .number("Flags", attributes->Flags)
        .number("MaxMessageLength", attributes->MaxMessageLength)
        .number("DupObjectTypes", attributes->DupObjectTypes)
        .str();
}

std::string describe_view_attribute(const ALPC_DATA_VIEW_ATTR* view) {
    return JsonObject()
        .number("Flags", view->Flags)
        .flag("SectionHandle", view->SectionHandle != nullptr)
        .flag("ViewBase", view->ViewBase != nullptr)
        .number("ViewSize", view->ViewSize)
        .str();
}

std::string describe_timeout(const LARGE_INTEGER* timeout) {
    if (timeout->QuadPart == 0) return "\"at once\"";
    return timeout->QuadPart < 0 ? "\"relative\"" : "\"absolute\"";
}

void record_call(const char* name, const JsonList& arguments, const std::string& result) {
    record(RowKind::observation,
           JsonObject().text("call", name).raw("arguments", arguments.str()).raw("result", result).str());
}

std::string describe_result(NTSTATUS status) {
    return json_string(describe_status(status));
}

}  // namespace ntalpc::conformance
