// SPDX-License-Identifier: LGPL-2.1-or-later
// A handle: the server's end of a capability socket whose other end is an NT handle in one or more processes.
//
// Linux and wineserver count how many descriptors of the other end exist. When the last one is closed the
// server sees the hang-up and the handle is closed for good, whoever held it.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "ntalpc/unique_fd.h"
#include "server/object.h"
#include "server/quota.h"

namespace ntalpc::server {

class Process;

class Handle : public Counted<Handle> {
  public:
    Handle(std::uint64_t id, Ref<Object> object, std::uint32_t access);
    ~Handle();

    std::uint64_t id() const { return id_; }
    Object& object() const { return *object_; }
    std::uint32_t access() const { return access_; }

    UniqueFd server_end;
    std::uint64_t peer_cookie = 0;  // SO_COOKIE of the clients' end: how a presented descriptor is recognised
    ObjectCharge charge;

    void adopted_by(Process& process) { adopters_.push_back(&process); }
    void forgotten_by(Process& process);

  private:
    const std::uint64_t id_;  // never reused
    const Ref<Object> object_;
    const std::uint32_t access_;
    std::vector<Process*> adopters_;
};

// A handle just made, with the end that goes to the client. Until commit() it is closed again by the
// destructor.
class HandleTable;
class NewHandle {
  public:
    NewHandle() = default;
    NewHandle(HandleTable& table, Handle& handle, UniqueFd client_end)
        : table_(&table), handle_(&handle), client_end_(std::move(client_end)) {}
    NewHandle(NewHandle&& other) noexcept
        : table_(other.table_),
          handle_(std::exchange(other.handle_, nullptr)),
          client_end_(std::move(other.client_end_)) {}
    NewHandle& operator=(NewHandle&& other) noexcept {
        std::swap(table_, other.table_);
        std::swap(handle_, other.handle_);
        std::swap(client_end_, other.client_end_);
        return *this;
    }
    ~NewHandle();

    explicit operator bool() const { return handle_ != nullptr; }
    Handle& handle() const { return *handle_; }
    // The handle now lives by the descriptors of the client's end.
    UniqueFd commit() {
        handle_ = nullptr;
        return std::move(client_end_);
    }

  private:
    HandleTable* table_ = nullptr;
    Handle* handle_ = nullptr;
    UniqueFd client_end_;
};

// Makes the sockets behind handles and watches for their hang-up. The event loop implements it; unit tests of
// the object model use one without sockets.
class CapabilityMaker {
  public:
    virtual ~CapabilityMaker() = default;
    // Fills server_end and peer_cookie of the handle. STATUS_INSUFFICIENT_RESOURCES when descriptors run out.
    virtual std::int32_t make(Handle& handle, UniqueFd* client_end) = 0;
    virtual void unmake(Handle& handle) = 0;
};

class HandleTable {
  public:
    explicit HandleTable(CapabilityMaker& maker) : maker_(maker) {}
    ~HandleTable();

    // Opens a handle of `process` to `object`, charged to it.
    std::int32_t open(Process& process, Ref<Object> object, std::uint32_t access, NewHandle* made);
    void close(Handle& handle);
    Handle* find_by_cookie(std::uint64_t cookie) const;
    std::size_t size() const { return handles_.size(); }

  private:
    CapabilityMaker& maker_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Handle>> handles_;
    std::unordered_map<std::uint64_t, Handle*> by_cookie_;
    std::uint64_t next_id_ = 1;
};

}  // namespace ntalpc::server
