// SPDX-License-Identifier: LGPL-2.1-or-later
// Capabilities as they really are: pairs of Unix sockets whose hang-up closes the handle.
#pragma once

#include <unordered_map>

#include "server/event_loop.h"
#include "server/handle.h"

namespace ntalpc::server {

class SocketCapabilities final : public CapabilityMaker {
  public:
    explicit SocketCapabilities(EventLoop& loop) : loop_(loop) {}
    // Hang-ups cannot be acted on before the table is known.
    void serve(HandleTable& table) { table_ = &table; }

    std::int32_t make(Handle& handle, UniqueFd* client_end) override;
    void unmake(Handle& handle) override;

  private:
    struct HangupWatcher final : Watcher {
        HangupWatcher(SocketCapabilities& made_by, Handle& watched) : owner(made_by), handle(watched) {}
        void ready(std::uint32_t events) override;
        SocketCapabilities& owner;
        Handle& handle;
        std::uint64_t number = 0;
    };

    EventLoop& loop_;
    HandleTable* table_ = nullptr;
    std::unordered_map<std::uint64_t, std::unique_ptr<HangupWatcher>> watchers_;  // by handle id
};

}  // namespace ntalpc::server
