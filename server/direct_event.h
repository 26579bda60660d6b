// SPDX-License-Identifier: LGPL-2.1-or-later
// How the sender of a message with the direct attribute learns that it has been processed: by a socket of its
// own, whose other end the sender watches. One byte says that the server has taken the message, the hang-up
// that it has been processed, which so is noticed also when the server dies.
#pragma once

#include <cstdint>

#include "ntalpc/unique_fd.h"
#include "server/quota.h"

namespace ntalpc::server {

class DirectEvent {
  public:
    DirectEvent() = default;

    // `sender_end` goes to the sender. STATUS_QUOTA_EXCEEDED, or STATUS_INSUFFICIENT_RESOURCES without
    // descriptors.
    static std::int32_t make(const Ref<QuotaAccount>& payer, DirectEvent* made, UniqueFd* sender_end);

    explicit operator bool() const { return static_cast<bool>(end_); }
    // The message has been sent.
    void message_taken();
    // The message has been processed.
    void finish() { *this = DirectEvent(); }

  private:
    UniqueFd end_;
    DescriptorCharge charge_;
};

}  // namespace ntalpc::server
