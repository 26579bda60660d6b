// SPDX-License-Identifier: LGPL-2.1-or-later
// An event object that stays set, as the calls under test take them.
#pragma once

#include <chrono>

#include "conformance/harness/api.h"

namespace ntalpc::conformance {

class Event {
  public:
    explicit Event(bool set = false);
    ~Event() { close(); }
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    HANDLE get() const { return handle_; }
    void set() const;
    // Whether it is set, or becomes so in the given time.
    bool is_set(std::chrono::milliseconds limit = std::chrono::milliseconds(0)) const;
    void close() {
        if (handle_) close_handle(handle_);
        handle_ = nullptr;
    }

  private:
    HANDLE handle_ = nullptr;
};

}  // namespace ntalpc::conformance
