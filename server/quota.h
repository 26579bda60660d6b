// SPDX-License-Identifier: LGPL-2.1-or-later
// Who pays for server memory. Everything a client makes the server keep is charged to the account of its
// process, and with it to that of its Unix user, and given back when the charge is destroyed, which may be
// long after the process has gone. What the limits are called and where they come from: limits.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "ntalpc/status.h"
#include "server/ref.h"

namespace ntalpc::server {

// How a request ends that would take more than there is for it; traces and the log tell of these.
constexpr bool is_quota_status(std::int32_t status) {
    return status == STATUS_QUOTA_EXCEEDED || status == STATUS_INSUFFICIENT_RESOURCES;
}

// In the order of QuotaLimits.
enum class Resource : std::uint8_t {
    message_bytes,
    section_bytes,
    messages,
    objects,
    handles,
    connections,
    descriptors,
    threads,
    traces,
    processes,
};
inline constexpr std::size_t kResources = 10;
inline constexpr std::size_t kUnlimited = SIZE_MAX;

struct QuotaLimits {
    // Generous enough for programs that queue tens of thousands of messages before the first receive; small
    // enough that one process cannot exhaust the machine.
    std::size_t message_bytes = std::size_t{256} << 20;
    // Handles that the process has opened, views, and whatever else it makes the server keep one by one.
    std::size_t objects = 65536;
    // Of the server, beside those of handles and channels.
    std::size_t descriptors = 16384;
    // Address space rather than memory: a section takes no memory before it is written to.
    std::size_t section_bytes = std::size_t{8} << 30;
    std::size_t messages = 1 << 20;
    // That the process knows, whoever opened them.
    std::size_t handles = 131072;
    // As their client.
    std::size_t connections = 16384;
    std::size_t threads = 4096;
    // That are being recorded.
    std::size_t traces = 8;
    std::size_t processes = kUnlimited;
    // Connections to the server, by Unix process, on which nothing has been said yet.
    std::size_t registrations = 1024;
};

inline constexpr std::array<std::size_t QuotaLimits::*, kResources> kLimitOf = {
    &QuotaLimits::message_bytes, &QuotaLimits::section_bytes, &QuotaLimits::messages,
    &QuotaLimits::objects,       &QuotaLimits::handles,       &QuotaLimits::connections,
    &QuotaLimits::descriptors,   &QuotaLimits::threads,       &QuotaLimits::traces,
    &QuotaLimits::processes,
};

constexpr std::size_t index_of(Resource resource) {
    return static_cast<std::size_t>(resource);
}

class QuotaAccount final : public RefCounted {
  public:
    // What is charged to a process is charged to its user's account as well, if there is one.
    explicit QuotaAccount(const QuotaLimits& limits, Ref<QuotaAccount> user = {})
        : limits_(limits), user_(std::move(user)) {}

    std::size_t used(Resource resource) const { return used_[index_of(resource)]; }
    std::size_t message_bytes() const { return used(Resource::message_bytes); }
    std::size_t section_bytes() const { return used(Resource::section_bytes); }
    std::size_t objects() const { return used(Resource::objects); }
    std::size_t descriptors() const { return used(Resource::descriptors); }
    std::size_t limit(Resource resource) const { return limits_.*kLimitOf[index_of(resource)]; }
    const Ref<QuotaAccount>& user() const { return user_; }

    // False, and nothing taken, when the process or its user cannot afford it.
    bool take(Resource resource, std::size_t amount) {
        std::size_t& used = used_[index_of(resource)];
        if (amount > limit(resource) - used) return false;
        if (user_ && !user_->take(resource, amount)) return false;
        used += amount;
        return true;
    }
    // A second account, of the same limits, for what is there already and cannot be refused any more.
    const Ref<QuotaAccount>& overdraft() {
        if (!overdraft_)
            overdraft_ = make_ref<QuotaAccount>(limits_, user_ ? user_->overdraft() : Ref<QuotaAccount>());
        return overdraft_;
    }
    void give_back(Resource resource, std::size_t amount) {
        used_[index_of(resource)] -= amount;
        if (user_) user_->give_back(resource, amount);
    }

  private:
    const QuotaLimits limits_;
    const Ref<QuotaAccount> user_;
    Ref<QuotaAccount> overdraft_;
    std::array<std::size_t, kResources> used_{};
};

template <Resource resource>
class Charge {
  public:
    Charge() = default;
    Charge(Charge&& other) noexcept
        : account_(std::move(other.account_)), amount_(std::exchange(other.amount_, 0)) {}
    Charge& operator=(Charge&& other) noexcept {
        std::swap(account_, other.account_);
        std::swap(amount_, other.amount_);
        return *this;
    }
    ~Charge() {
        if (account_) account_->give_back(resource, amount_);
    }

    // What was charged before is given back; when this returns false it stays.
    bool charge(Ref<QuotaAccount> account, std::size_t amount = 1) {
        if (account_.get() == account.get() && account_) return change(amount);
        if (!account->take(resource, amount)) return false;
        Charge made;
        made.account_ = std::move(account);
        made.amount_ = amount;
        *this = std::move(made);
        return true;
    }

  private:
    // So that what replaces something need not be paid for beside it.
    bool change(std::size_t amount) {
        if (amount > amount_ && !account_->take(resource, amount - amount_)) return false;
        if (amount < amount_) account_->give_back(resource, amount_ - amount);
        amount_ = amount;
        return true;
    }

    Ref<QuotaAccount> account_;
    std::size_t amount_ = 0;
};

using MessageCharge = Charge<Resource::message_bytes>;
using SectionCharge = Charge<Resource::section_bytes>;
using ObjectCharge = Charge<Resource::objects>;
using ConnectionCharge = Charge<Resource::connections>;
using DescriptorCharge = Charge<Resource::descriptors>;
using ThreadCharge = Charge<Resource::threads>;
using TraceCharge = Charge<Resource::traces>;
using ProcessCharge = Charge<Resource::processes>;

// One message: its place among the messages, and its memory.
class MessageCost {
  public:
    // A place that was charged stays so when there is not enough memory: the message is dropped then.
    bool charge(const Ref<QuotaAccount>& account, std::size_t bytes) {
        return count_.charge(account) && bytes_.charge(account, bytes);
    }

  private:
    Charge<Resource::messages> count_;
    MessageCharge bytes_;
};

}  // namespace ntalpc::server
