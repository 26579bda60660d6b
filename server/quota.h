// SPDX-License-Identifier: LGPL-2.1-or-later
// Who pays for server memory. Everything a client makes the server keep is charged to the account of its
// process and given back when the charge is destroyed, which may be long after the process has gone.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ntalpc/status.h"
#include "server/ref.h"

namespace ntalpc::server {

// How a request ends that would take more than there is for it; traces and the log tell of these.
constexpr bool is_quota_status(std::int32_t status) {
    return status == STATUS_QUOTA_EXCEEDED || status == STATUS_INSUFFICIENT_RESOURCES;
}

struct QuotaLimits {
    // Generous enough for programs that queue tens of thousands of messages before the first receive; small
    // enough that one process cannot exhaust the machine.
    std::size_t message_bytes = std::size_t{256} << 20;
    std::size_t objects = 65536;
    // Of the server, for objects on their way to a receiver.
    std::size_t descriptors = 4096;
    // Address space rather than memory: a section takes no memory before it is written to.
    std::size_t section_bytes = std::size_t{8} << 30;
};

class QuotaAccount final : public RefCounted {
  public:
    explicit QuotaAccount(const QuotaLimits& limits) : limits_(limits) {}

    std::size_t message_bytes() const { return message_bytes_.used; }
    std::size_t section_bytes() const { return section_bytes_.used; }
    std::size_t objects() const { return objects_; }
    std::size_t descriptors() const { return descriptors_; }

  private:
    friend class MessageCharge;
    friend class SectionCharge;
    friend class ObjectCharge;
    friend class DescriptorCharge;
    struct Bytes {
        const std::size_t limit;
        std::size_t used = 0;
    };
    const QuotaLimits limits_;
    Bytes message_bytes_{limits_.message_bytes};
    Bytes section_bytes_{limits_.section_bytes};
    std::size_t objects_ = 0;
    std::size_t descriptors_ = 0;
};

// What MessageCharge and SectionCharge have in common.
class ByteCharge {
  public:
    ByteCharge() = default;
    ByteCharge(ByteCharge&&) = default;
    ByteCharge& operator=(ByteCharge&& other) noexcept {
        std::swap(account_, other.account_);
        std::swap(used_, other.used_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~ByteCharge() {
        if (account_) *used_ -= bytes_;
    }

  protected:
    bool charge(Ref<QuotaAccount> account, std::size_t limit, std::size_t& used, std::size_t bytes) {
        if (bytes > limit - used) return false;
        used += bytes;
        ByteCharge made;
        made.account_ = std::move(account);
        made.used_ = &used;
        made.bytes_ = bytes;
        *this = std::move(made);
        return true;
    }

  private:
    Ref<QuotaAccount> account_;
    std::size_t* used_ = nullptr;  // in the account
    std::size_t bytes_ = 0;
};

class MessageCharge : public ByteCharge {
  public:
    // False, and nothing charged, when the account cannot afford it.
    bool charge(const Ref<QuotaAccount>& account, std::size_t bytes) {
        return ByteCharge::charge(account, account->message_bytes_.limit, account->message_bytes_.used, bytes);
    }
};

class SectionCharge : public ByteCharge {
  public:
    bool charge(const Ref<QuotaAccount>& account, std::size_t bytes) {
        return ByteCharge::charge(account, account->section_bytes_.limit, account->section_bytes_.used, bytes);
    }
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
