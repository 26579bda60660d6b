// SPDX-License-Identifier: LGPL-2.1-or-later
// Who pays for server memory. Everything a client makes the server keep is charged to the account of its
// process and given back when the charge is destroyed, which may be long after the process has gone.
#pragma once

#include <cstddef>

#include "server/ref.h"

namespace ntalpc::server {

struct QuotaLimits {
    // Generous enough for programs that queue tens of thousands of messages before the first receive; small
    // enough that one process cannot exhaust the machine.
    std::size_t message_bytes = std::size_t{256} << 20;
    std::size_t objects = 65536;
    // Of the server, for objects on their way to a receiver.
    std::size_t descriptors = 4096;
};

class QuotaAccount final : public RefCounted {
  public:
    explicit QuotaAccount(const QuotaLimits& limits) : limits_(limits) {}

    std::size_t message_bytes() const { return message_bytes_; }
    std::size_t objects() const { return objects_; }
    std::size_t descriptors() const { return descriptors_; }

  private:
    friend class MessageCharge;
    friend class ObjectCharge;
    friend class DescriptorCharge;
    const QuotaLimits limits_;
    std::size_t message_bytes_ = 0;
    std::size_t objects_ = 0;
    std::size_t descriptors_ = 0;
};

class MessageCharge {
  public:
    MessageCharge() = default;
    MessageCharge(MessageCharge&&) = default;
    MessageCharge& operator=(MessageCharge&& other) noexcept {
        std::swap(account_, other.account_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~MessageCharge() {
        if (account_) account_->message_bytes_ -= bytes_;
    }
    // False, and nothing charged, when the account cannot afford it.
    bool charge(Ref<QuotaAccount> account, std::size_t bytes) {
        if (bytes > account->limits_.message_bytes - account->message_bytes_) return false;
        account->message_bytes_ += bytes;
        MessageCharge made;
        made.account_ = std::move(account);
        made.bytes_ = bytes;
        *this = std::move(made);
        return true;
    }

  private:
    Ref<QuotaAccount> account_;
    std::size_t bytes_ = 0;
};

class ObjectCharge {
  public:
    ObjectCharge() = default;
    ObjectCharge(ObjectCharge&&) = default;
    ObjectCharge& operator=(ObjectCharge&& other) noexcept {
        std::swap(account_, other.account_);
        return *this;
    }
    ~ObjectCharge() {
        if (account_) --account_->objects_;
    }
    bool charge(Ref<QuotaAccount> account) {
        if (account->objects_ >= account->limits_.objects) return false;
        ++account->objects_;
        ObjectCharge made;
        made.account_ = std::move(account);
        *this = std::move(made);
        return true;
    }

  private:
    Ref<QuotaAccount> account_;
};

class DescriptorCharge {
  public:
    DescriptorCharge() = default;
    DescriptorCharge(DescriptorCharge&&) = default;
    DescriptorCharge& operator=(DescriptorCharge&& other) noexcept {
        std::swap(account_, other.account_);
        return *this;
    }
    ~DescriptorCharge() {
        if (account_) --account_->descriptors_;
    }
    bool charge(Ref<QuotaAccount> account) {
        if (account->descriptors_ >= account->limits_.descriptors) return false;
        ++account->descriptors_;
        DescriptorCharge made;
        made.account_ = std::move(account);
        *this = std::move(made);
        return true;
    }

  private:
    Ref<QuotaAccount> account_;
};

}  // namespace ntalpc::server
