// SPDX-License-Identifier: LGPL-2.1-or-later
// A server that answers every request with what it has received, by ordinary receives or from a completion
// list, and gives back every view.
#include <cstddef>
#include <memory>

#include "bench/ports.h"
#include "bench/role.h"

namespace ntalpc::bench {

namespace {

struct ReceivedAttributes {
    ALPC_MESSAGE_ATTRIBUTES header{};
    ALPC_CONTEXT_ATTR context{};
};

// The name of its port.
void play_echo(const RoleArguments& arguments) {
    const HANDLE listener = create_port(arguments.at(0));
    EchoService service(listener);
    end_with_parent();
    tell_parent("ready");
    Message message(kMostData);
    PORT_MESSAGE* answer = nullptr;
    for (;;) {
        ReceivedAttributes attributes;
        attributes.header.AllocatedAttributes = ALPC_MESSAGE_CONTEXT_ATTRIBUTE;
        SIZE_T length = message.room();
        check(NtAlpcSendWaitReceivePort(listener, answer ? ALPC_MSGFLG_RELEASE_MESSAGE : 0, answer, nullptr,
                                        message.get(), &length, &attributes.header, nullptr),
              "the server's receive");
        answer = service.serve(message.get(), &attributes.header);
    }
}

void play_view_echo(const RoleArguments& arguments) {
    const HANDLE listener = create_port(arguments.at(0));
    EchoService service(listener);
    end_with_parent();
    tell_parent("ready");
    Message message(64);
    for (;;) {
        struct {
            ALPC_MESSAGE_ATTRIBUTES header;
            ALPC_DATA_VIEW_ATTR view;
            ALPC_CONTEXT_ATTR context;
        } attributes{};
        attributes.header.AllocatedAttributes = ALPC_MESSAGE_VIEW_ATTRIBUTE | ALPC_MESSAGE_CONTEXT_ATTRIBUTE;
        SIZE_T length = message.room();
        check(NtAlpcSendWaitReceivePort(listener, 0, nullptr, nullptr, message.get(), &length,
                                        &attributes.header, nullptr),
              "the server's receive");
        PORT_MESSAGE* const answer = service.serve(message.get(), &attributes.header);
        if (!answer) continue;
        struct {
            ALPC_MESSAGE_ATTRIBUTES header{ALPC_MESSAGE_VIEW_ATTRIBUTE, ALPC_MESSAGE_VIEW_ATTRIBUTE};
            ALPC_DATA_VIEW_ATTR view{};
        } releasing;
        releasing.view.Flags = ALPC_VIEWFLG_UNMAP_EXISTING;
        check(NtAlpcSendWaitReceivePort(listener, ALPC_MSGFLG_RELEASE_MESSAGE, answer, &releasing.header,
                                        nullptr, nullptr, nullptr, nullptr),
              "the server's answer");
    }
}

void drain_list(HANDLE listener, void* list, EchoService& service) {
    PALPC_MESSAGE_ATTRIBUTES attributes;
    while (PORT_MESSAGE* const message = AlpcGetMessageFromCompletionList(list, &attributes)) {
        if (PORT_MESSAGE* const answer = service.serve(message, attributes))
            check(NtAlpcSendWaitReceivePort(listener, ALPC_MSGFLG_RELEASE_MESSAGE, answer, nullptr, nullptr,
                                            nullptr, nullptr, nullptr),
                  "the server's answer");
        AlpcFreeCompletionListMessage(list, message);
    }
}

void play_list_echo(const RoleArguments& arguments) {
    constexpr ULONG size = 0x100000;
    struct alignas(128) Block {
        unsigned char bytes[128];
    };
    const HANDLE listener = create_port(arguments.at(0));
    const auto memory = std::make_unique<Block[]>(size / sizeof(Block));
    auto* const list = reinterpret_cast<ALPC_COMPLETION_LIST_HEADER*>(memory.get());
    check(AlpcRegisterCompletionList(listener, list, size, 4, ALPC_MESSAGE_CONTEXT_ATTRIBUTE),
          "AlpcRegisterCompletionList");
    EchoService service(listener);
    end_with_parent();
    tell_parent("ready");
    Message message(kMostData);
    for (;;) {
        AlpcRegisterCompletionListWorkerThread(list);
        do {
            drain_list(listener, list, service);
        } while (!AlpcUnregisterCompletionListWorkerThread(list));
        ReceivedAttributes attributes;
        attributes.header.AllocatedAttributes = ALPC_MESSAGE_CONTEXT_ATTRIBUTE;
        SIZE_T length = message.room();
        const NTSTATUS status = NtAlpcSendWaitReceivePort(listener, 0, nullptr, nullptr, message.get(),
                                                          &length, &attributes.header, nullptr);
        if (status == static_cast<NTSTATUS>(STATUS_ALPC_CHECK_COMPLETION_LIST)) continue;
        check(status, "the server's receive");
        if (PORT_MESSAGE* const answer = service.serve(message.get(), &attributes.header))
            check(NtAlpcSendWaitReceivePort(listener, ALPC_MSGFLG_RELEASE_MESSAGE, answer, nullptr, nullptr,
                                            nullptr, nullptr, nullptr),
                  "the server's answer");
    }
}

const Role echo("echo", play_echo);
const Role view_echo("view-echo", play_view_echo);
const Role list_echo("list-echo", play_list_echo);

}  // namespace

}  // namespace ntalpc::bench
