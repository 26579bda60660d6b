// SPDX-License-Identifier: LGPL-2.1-or-later
// A completion list for tests, with the memory it stands in.
#pragma once

#include <memory>
#include <string>

#include "conformance/harness/ports.h"

namespace ntalpc::conformance {

class CompletionList {
  public:
    explicit CompletionList(ULONG size = 0x10000)
        : size_(size), memory_(std::make_unique<Block[]>(size / sizeof(Block) + 1)) {}
    CompletionList(const CompletionList&) = delete;
    CompletionList& operator=(const CompletionList&) = delete;
    // The memory must not go before the port forgets it.
    ~CompletionList() {
        if (port_) api().AlpcUnregisterCompletionList(port_);
    }

    NTSTATUS attach(const Port& port, ULONG attributes = 0, ULONG concurrency = 4) {
        const NTSTATUS status =
            api().AlpcRegisterCompletionList(port.get(), header(), size_, concurrency, attributes);
        if (status == static_cast<NTSTATUS>(STATUS_SUCCESS)) port_ = port.get();
        return status;
    }
    NTSTATUS detach() {
        const HANDLE port = std::exchange(port_, nullptr);
        return api().AlpcUnregisterCompletionList(port);
    }
    // The port is closed and its list with it.
    void forget_port() { port_ = nullptr; }

    ALPC_COMPLETION_LIST_HEADER* header() {
        return reinterpret_cast<ALPC_COMPLETION_LIST_HEADER*>(memory_.get());
    }
    PVOID get() { return memory_.get(); }
    ULONG size() const { return size_; }

    PORT_MESSAGE* take(PALPC_MESSAGE_ATTRIBUTES* attributes = nullptr) {
        return api().AlpcGetMessageFromCompletionList(get(), attributes);
    }
    void free(PORT_MESSAGE* message) { api().AlpcFreeCompletionListMessage(get(), message); }
    ULONG outstanding() { return api().AlpcGetOutstandingCompletionListMessageCount(get()); }
    bool join() { return api().AlpcRegisterCompletionListWorkerThread(get()) != 0; }
    bool leave() { return api().AlpcUnregisterCompletionListWorkerThread(get()) != 0; }

    // The next message of the list, waited for by receives that say when it is there. How many it takes says
    // nothing.
    PORT_MESSAGE* wait(const Port& port, PALPC_MESSAGE_ATTRIBUTES* attributes = nullptr) {
        PORT_MESSAGE* const message = wait_unrecorded(port, attributes);
        observe("message in the list", message != nullptr);
        return message;
    }

  private:
    struct alignas(128) Block {
        unsigned char bytes[128];
    };
    PORT_MESSAGE* wait_unrecorded(const Port& port, PALPC_MESSAGE_ATTRIBUTES* attributes) {
        const Unrecorded unrecorded;
        for (;;) {
            if (PORT_MESSAGE* const message = take(attributes)) return message;
            Message<> unused;
            const NTSTATUS status = receive(port, unused);
            if (status == static_cast<NTSTATUS>(STATUS_ALPC_CHECK_COMPLETION_LIST)) continue;
            ADD_FAILURE() << "no message came into the list: " << describe_status(status);
            return nullptr;
        }
    }

    const ULONG size_;
    const std::unique_ptr<Block[]> memory_;
    HANDLE port_ = nullptr;
};

inline std::string data_of(const PORT_MESSAGE* message) {
    return std::string(reinterpret_cast<const char*>(message + 1),
                       static_cast<std::uint16_t>(message->u1.s1.DataLength));
}

}  // namespace ntalpc::conformance
