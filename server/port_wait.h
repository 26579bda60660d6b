// SPDX-License-Identifier: LGPL-2.1-or-later
// A thread that waits on port handles as on any other waitable object, without receiving.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <vector>

#include "server/port.h"
#include "server/thread.h"

namespace ntalpc::server {

struct WatchedPort {
    Ref<Port> port;
    std::uint64_t list_posts = 0;  // as in send_wait_receive
};

// The place of the first port that is signalled; with `all`, 0 if every one is.
std::optional<std::uint32_t> find_signalled(const std::vector<WatchedPort>& ports, bool all);

// A port stays signalled as long as there is something to receive, so ending a wait takes nothing from it and
// any number of threads may be released at once.
class PortWait final : public Wait {
  public:
    PortWait(Thread& thread, std::vector<WatchedPort> ports, bool all);
    ~PortWait() override;
    void answer(std::int32_t status) override { thread().reply(status); }

    // Destroys *this if it returns true.
    bool finish_if_satisfied();

  private:
    const std::vector<WatchedPort> ports_;
    const bool all_;
    std::vector<std::list<PortWait*>::iterator> places_;  // in the ports' lists of watchers
};

}  // namespace ntalpc::server
