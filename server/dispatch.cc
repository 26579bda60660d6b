// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/dispatch.h"

#include <array>
#include <new>
#include <string>

#include "ntalpc/status.h"
#include "server/log.h"
#include "server/memory_reserve.h"

namespace ntalpc::server {

namespace {

template <class Type>
const char* decode_and_handle(Call& call, wire::Bytes body) {
    typename Type::Request request;
    typename Type::RequestBlobs blobs;
    if (!wire::decode(body, Type::kRequestBlobs, request, blobs)) return "a body whose sizes do not add up";
    if (!Type::kRequestDescriptors.contains(call.descriptors.size())) return "a wrong number of descriptors";
    if (log_enabled(LogLevel::requests)) {
        std::string fields;
        describe(fields, request);
        log(LogLevel::requests, "%04llx:%04llx %s( %s)",
            static_cast<unsigned long long>(call.process().facts().id),
            static_cast<unsigned long long>(call.thread.id()), Type::name, fields.c_str());
    }
    handle(call, request, blobs);
    return nullptr;
}

using Entry = const char* (*)(Call&, wire::Bytes);
#define NTALPC_ENTRY(Type) decode_and_handle<wire::Type>,
constexpr std::array<Entry, wire::kCodeCount> kEntries = {NTALPC_FOR_EACH_REQUEST(NTALPC_ENTRY)};
#undef NTALPC_ENTRY

// What ends something, or only looks: a client must be able to do it when there is no memory.
bool is_modest(wire::Code code) {
    switch (code) {
        case wire::Code::server_status:
        case wire::Code::delete_section:
        case wire::Code::delete_view:
        case wire::Code::flush_views:
        case wire::Code::disconnect_port:
        case wire::Code::cancel_message:
        case wire::Code::delete_reserve:
        case wire::Code::delete_security_context:
        case wire::Code::drop_association:
        case wire::Code::keep_handles:
            return true;
        default:
            return false;
    }
}

}  // namespace

const char* dispatch(Kernel& kernel, Thread& thread, const wire::PacketHeader& header, wire::Bytes body,
                     std::span<UniqueFd> descriptors) {
    if (header.code >= kEntries.size()) return "an unknown request";
    const auto code = static_cast<wire::Code>(header.code);
    if (code == wire::Code::register_process || code == wire::Code::register_thread)
        return "a second registration";
    Call call{kernel, thread, descriptors};
    // The requests that may come while another waits, and that have no answer of their own.
    if (code == wire::Code::cancel_wait || code == wire::Code::serve_data ||
        code == wire::Code::serve_views || code == wire::Code::handles_taken)
        return kEntries[header.code](call, body);
    if (thread.outstanding()) return "a request while another one is outstanding";
    thread.begin_request(header.code, header.serial);
    if (memory_is_short() && !is_modest(code)) {
        thread.reply(STATUS_NO_MEMORY);
        return nullptr;
    }
    const char* broken = nullptr;
    try {
        broken = kEntries[header.code](call, body);
    } catch (const std::bad_alloc&) {
        log(LogLevel::always, "out of memory in %s", wire::code_name(header.code));
        if (thread.outstanding() && !thread.wait()) thread.reply(STATUS_NO_MEMORY);
    }
    if (code != wire::Code::attach_handles) thread.attached().clear();
    return broken;
}

}  // namespace ntalpc::server
