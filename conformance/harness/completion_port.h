// SPDX-License-Identifier: LGPL-2.1-or-later
// I/O completion ports for tests; natively there are none.
#pragma once

#include "conformance/harness/ports.h"

namespace ntalpc::conformance {

inline NTSTATUS associate(const Port& port, HANDLE completion_port, ULONG_PTR key) {
    ALPC_PORT_ASSOCIATE_COMPLETION_PORT wanted{};
    wanted.CompletionKey = reinterpret_cast<PVOID>(key);
    wanted.CompletionPort = completion_port;
    return api().NtAlpcSetInformation(port.get(), AlpcAssociateCompletionPortInformation, PVOID{&wanted},
                                      ULONG{sizeof(wanted)});
}

#ifdef _WIN32

struct Packet {
    BOOL arrived = FALSE;
    DWORD error = 0;
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED* overlapped = nullptr;
};

class CompletionPort {
  public:
    CompletionPort() : handle_(CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 0)) {}
    ~CompletionPort() { close(); }
    CompletionPort(const CompletionPort&) = delete;
    CompletionPort& operator=(const CompletionPort&) = delete;

    HANDLE get() const { return handle_; }
    void close() {
        if (handle_) CloseHandle(std::exchange(handle_, nullptr));
    }
    Packet next(std::chrono::milliseconds time = long_wait) const {
        Packet packet;
        packet.arrived = GetQueuedCompletionStatus(handle_, &packet.bytes, &packet.key, &packet.overlapped,
                                                   static_cast<DWORD>(time.count()));
        packet.error = packet.arrived ? 0 : GetLastError();
        return packet;
    }
    // Nothing is there, and nothing comes soon.
    bool stays_empty() const { return next(short_wait).error == WAIT_TIMEOUT; }

  private:
    HANDLE handle_;
};

#endif

}  // namespace ntalpc::conformance
