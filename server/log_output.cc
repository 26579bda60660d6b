// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/log_output.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace ntalpc::server {

// A file does not make anybody wait for a reader.
void LogOutput::stop_blocking() {
    struct stat found;
    if (fstat(STDERR_FILENO, &found) != 0) return;
    is_socket_ = S_ISSOCK(found.st_mode);
    if (!S_ISFIFO(found.st_mode) && !S_ISCHR(found.st_mode)) return;
    own_.reset(open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

ssize_t LogOutput::put(std::string_view text) const {
    ssize_t result;
    do {
        result = is_socket_ ? send(STDERR_FILENO, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                            : ::write(own_ ? own_.get() : STDERR_FILENO, text.data(), text.size());
    } while (result < 0 && errno == EINTR);
    return result;
}

bool LogOutput::write_rest() {
    if (rest_.empty()) return true;
    const ssize_t size = put(rest_);
    if (size > 0) rest_.erase(0, static_cast<std::size_t>(size));
    return rest_.empty();
}

bool LogOutput::write(std::string_view line) {
    const ssize_t size = write_rest() ? put(line) : -1;
    if (size < 0) {
        ++dropped_;
        return false;
    }
    rest_ = line.substr(static_cast<std::size_t>(size));
    return true;
}

}  // namespace ntalpc::server
