// SPDX-License-Identifier: LGPL-2.1-or-later
// The view attribute of a message on its way in.
#pragma once

#include <cstdint>
#include <memory>

#include "generated/protocol.h"
#include "server/view.h"

namespace ntalpc::server {

class Port;
class Process;

class SentView {
  public:
    // Checks what the attribute says and finds the view. STATUS_INVALID_PARAMETER; STATUS_INVALID_HANDLE when
    // the section is not one of the port's; STATUS_RESOURCE_IN_USE when a receiver holds the region in its
    // secured form; STATUS_QUOTA_EXCEEDED and STATUS_INSUFFICIENT_RESOURCES when it could not be given to
    // one.
    std::int32_t take(Process& sender, Port& port, const wire::MessageAttributes& attributes);
    // For the message.
    RegionUse use() const;
    // Whether the view that was received with the message is given up.
    bool unmaps_existing() const { return unmaps_existing_; }

    // The message has been sent.
    void sent();

  private:
    std::int32_t check_secured() const;

    std::shared_ptr<View> view_;
    bool unmaps_existing_ = false;
    bool auto_release_ = false;
    bool secured_ = false;
};

}  // namespace ntalpc::server
