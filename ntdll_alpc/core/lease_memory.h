// SPDX-License-Identifier: LGPL-2.1-or-later
// The two regions of a lease as one of its processes has them mapped, and what both sides do alike.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/call_scope.h"
#include "core/host.h"
#include "generated/protocol.h"
#include "ntalpc/lease_memory.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::core {

// What describes a message, copied out of a lease.
struct LeasedMessage {
    lease::Envelope envelope;
    std::uint32_t slot = 0;
};

class LeaseMemory {
  public:
    // nullptr when there is no address space for it.
    static std::unique_ptr<LeaseMemory> map(std::uint32_t number, lease::Owner side, const UniqueFd& own,
                                            const UniqueFd& others);
    ~LeaseMemory();
    LeaseMemory(const LeaseMemory&) = delete;
    LeaseMemory& operator=(const LeaseMemory&) = delete;

    std::uint32_t number() const { return number_; }
    lease::Region& own() const { return *own_; }
    const lease::Region& others() const { return *others_; }
    lease::Steps<lease::MappedWords> steps() const {
        return lease::Steps(side_ == lease::Owner::client ? lease::MappedWords(own_, others_)
                                                          : lease::MappedWords(others_, own_));
    }

    // Puts a message into a slot. False when the program's memory cannot be read.
    bool write(std::uint32_t slot, const lease::Envelope& envelope, wire::Bytes data) const;
    // Copies what describes the other side's message; its data is there until the message is taken or
    // finished. False when that is no message of one of the types, two of them.
    bool read(std::uint32_t slot, std::uint16_t type, std::uint16_t other_type, LeasedMessage* message) const;
    // Copies the data. The copy stands in the channel's buffer, so no call may come between this and its use.
    wire::Bytes read_data(CallScope& scope, const LeasedMessage& message) const;
    // Where it stands. For a conversation whose other side writes there again only after this one's next
    // step.
    wire::Bytes data_of(const LeasedMessage& message) const;
    // Whether the other side's process has such a thread; the server is asked once about each.
    bool knows_sender(CallScope& scope, std::uint64_t thread_id);

  private:
    LeaseMemory(std::uint32_t number, lease::Owner side) : number_(number), side_(side) {}
    const std::uint32_t number_;
    const lease::Owner side_;
    lease::Region* own_ = nullptr;
    const lease::Region* others_ = nullptr;
    std::atomic<std::uint64_t> last_sender_{0};  // one of senders_
    std::mutex mutex_;
    std::vector<std::uint64_t> senders_;  // guarded by mutex_
};

// What is said of a message to the one who receives it.
wire::PortMessage header_of(const LeasedMessage& message, std::uint32_t id, std::uint64_t process_id);

// What the other side has written cannot be: the server cuts the connection.
void report_garbage(CallScope& scope, std::uint32_t lease);

}  // namespace ntalpc::core
