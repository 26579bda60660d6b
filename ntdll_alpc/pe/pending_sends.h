// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages that are to be sent when a callback of the thread pool returns.
#pragma once

#include "ntalpc/ntlpcapi.h"

namespace ntalpc {

// To be alive around a callback. What has been left for its end is sent then.
class RunningCallback {
  public:
    explicit RunningCallback(PTP_CALLBACK_INSTANCE instance);
    ~RunningCallback();
    RunningCallback(const RunningCallback&) = delete;
    RunningCallback& operator=(const RunningCallback&) = delete;

  private:
    friend void send_on_completion(PTP_CALLBACK_INSTANCE instance, HANDLE port, ULONG flags,
                                   PPORT_MESSAGE message);
    friend void send_pending(PTP_CALLBACK_INSTANCE instance);
    static RunningCallback* find(PTP_CALLBACK_INSTANCE instance);
    void send();

    const PTP_CALLBACK_INSTANCE instance_;
    HANDLE port_ = nullptr;
    ULONG flags_ = 0;
    PPORT_MESSAGE message_ = nullptr;  // a copy; null when nothing is pending
    RunningCallback* next_;
};

// A callback that is none of ours has its message sent at once. One that has left a message already has that
// sent first.
void send_on_completion(PTP_CALLBACK_INSTANCE instance, HANDLE port, ULONG flags, PPORT_MESSAGE message);
void send_pending(PTP_CALLBACK_INSTANCE instance);

}  // namespace ntalpc
