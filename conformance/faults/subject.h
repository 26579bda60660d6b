// SPDX-License-Identifier: LGPL-2.1-or-later
// The alpcserver that is tested, in a directory of its own: started by its first client as always, asked what
// it has, and thrown away when it was the victim.
#pragma once

#include <sys/types.h>

#include <memory>
#include <set>
#include <string>

#include "client/server_client.h"

namespace ntalpc::faults {

// What must be the same after a run as before.
struct Possessions {
    wire::ServerStatus::Reply counts;
    std::size_t descriptors = 0;
    std::set<std::string> files;

    // Empty when `now` is the same, else what is not, in words.
    std::string difference(const Possessions& now) const;
};

std::size_t descriptors_of(pid_t process);

class Subject {
  public:
    // Puts XDG_RUNTIME_DIR and WINEPREFIX of this process and its children into a new directory. `binary` is
    // what clients start.
    explicit Subject(const std::string& binary);
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;
    ~Subject();

    // The running server, found by its lock file; it becomes a child of this process, which is a subreaper.
    void find();
    pid_t process() const { return process_; }
    const std::string& directory() const { return directory_; }
    // Asks it. Throws ServerError when it is not there.
    Possessions look();
    // It has ended; another one is to be found.
    void forget();
    // Ends it and whoever has taken its place.
    void remove();

  private:
    pid_t running() const;

    std::string runtime_, directory_;
    pid_t process_ = 0;
    std::unique_ptr<ServerClient> client_;
};

}  // namespace ntalpc::faults
