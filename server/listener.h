// SPDX-License-Identifier: LGPL-2.1-or-later
// The socket that clients find the server by, and the lock that makes sure there is one server.
#pragma once

#include <string>

#include "ntalpc/unique_fd.h"
#include "server/channel.h"

namespace ntalpc::server {

// Held from start to end of a server's life; the file holds its process id. The lock's first byte keeps a
// second server from starting, and can be looked at without being taken. The second byte is there to be
// waited for. The third is held by a server until clients can connect, so that no other one says that there
// is a server before there is.
class ServerLock {
  public:
    // False when another server can be connected to; one that is just starting or ending is waited for.
    // Throws std::system_error when the file cannot be used.
    bool take(const std::string& directory);
    // Clients can connect.
    void let_others_look();
    void write_process_id();

    // Whether a server holds the lock file `file`.
    static bool is_held(int file);
    // Waits until none does. False when that is not possible.
    static bool wait_until_free(int file);

  private:
    UniqueFd file_;
};

class Listener final : public Watcher {
  public:
    // Serves the server's own user, or everybody.
    Listener(ChannelTable& channels, const Limits& limits, bool everybody)
        : channels_(channels), limits_(limits), everybody_(everybody) {}
    // Listens on a socket that somebody else has made and will clean up.
    void adopt(UniqueFd socket, EventLoop& loop);
    ~Listener() override;

    // Throws std::system_error.
    void open(const std::string& directory, EventLoop& loop);
    // Takes the name away, so that new clients start a new server.
    void close();
    void ready(std::uint32_t events) override;

  private:
    void watch(EventLoop& loop);
    ChannelTable& channels_;
    const Limits limits_;
    const bool everybody_;
    EventLoop* loop_ = nullptr;
    std::string path_;
    UniqueFd socket_;
    UniqueFd reserve_;  // given up to accept, and so refuse, a client when descriptors have run out
    std::uint64_t watch_ = 0;
};

}  // namespace ntalpc::server
