// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/listener.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "server/log.h"

namespace ntalpc::server {

namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

// Bytes of the lock file. Locks are those of the open file, so that the child of a fork keeps them.
constexpr off_t kServes = 0;
constexpr off_t kAwaited = 1;
constexpr off_t kStarts = 2;

struct flock part(short type, off_t byte) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    return lock;
}

// By a server; waiters' locks are shared ones.
bool is_locked(int file, off_t byte) {
    struct flock found = part(F_RDLCK, byte);
    return fcntl(file, F_OFD_GETLK, &found) == 0 && found.l_type != F_UNLCK;
}

void wait_for(int file, off_t byte, const std::string& path) {
    struct flock exclusive = part(F_WRLCK, byte);
    while (fcntl(file, F_OFD_SETLKW, &exclusive) != 0) {
        if (errno != EINTR) fail("cannot lock " + path);
    }
}

// Whether somebody listens there.
bool is_connectable(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) return false;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const UniqueFd probe(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe) fail("cannot make a socket");
    return connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ||
           errno == EAGAIN;  // there are too many who want to
}

}  // namespace

bool ServerLock::take(const std::string& directory) {
    const std::string path = directory + "/lock";
    file_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file_) fail("cannot open " + path);
    wait_for(file_.get(), kStarts, path);
    struct flock exclusive = part(F_WRLCK, kServes);
    if (fcntl(file_.get(), F_OFD_SETLK, &exclusive) != 0) {
        if (errno != EAGAIN && errno != EACCES) fail("cannot lock " + path);
        if (is_connectable(directory + "/socket")) {
            let_others_look();
            return false;
        }
        wait_for(file_.get(), kServes, path);  // it listens no more, and will have gone in a moment
    }
    // Those who have waited for the server before us may hold it for an instant.
    wait_for(file_.get(), kAwaited, path);
    return true;
}

void ServerLock::let_others_look() {
    struct flock none = part(F_UNLCK, kStarts);
    fcntl(file_.get(), F_OFD_SETLK, &none);
}

bool ServerLock::is_held(int file) {
    return is_locked(file, kServes);
}

// A server that is just starting holds the first byte a moment before the second.
bool ServerLock::wait_until_free(int file) {
    while (is_held(file) && !is_locked(file, kAwaited)) sched_yield();
    struct flock shared = part(F_RDLCK, kAwaited);
    while (fcntl(file, F_OFD_SETLKW, &shared) != 0) {
        if (errno != EINTR) return false;
    }
    shared.l_type = F_UNLCK;
    fcntl(file, F_OFD_SETLK, &shared);
    return true;
}

void ServerLock::write_process_id() {
    const std::string text = std::to_string(getpid()) + "\n";
    if (ftruncate(file_.get(), 0) != 0 || pwrite(file_.get(), text.data(), text.size(), 0) < 0)
        fail("cannot write the lock file; make room for it, or raise the limit on the size of files");
}

void Listener::open(const std::string& directory, EventLoop& loop) {
    const std::string path = directory + "/socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        fail("cannot listen on " + path + " (set XDG_RUNTIME_DIR to a shorter path)");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    socket_.reset(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_) fail("cannot make a socket");
    // We hold the lock: a socket found here is what a killed server left behind.
    ::unlink(path.c_str());
    if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
        fail("cannot bind " + path);
    path_ = path;
    if (chmod(path.c_str(), everybody_ ? 0666 : 0600) != 0) fail("cannot protect " + path);
    if (listen(socket_.get(), SOMAXCONN) != 0) fail("cannot listen on " + path);
    watch(loop);
}

void Listener::adopt(UniqueFd socket, EventLoop& loop) {
    socket_ = std::move(socket);
    const int flags = fcntl(socket_.get(), F_GETFL);
    int type = 0;
    socklen_t size = sizeof(type);
    const bool fits = flags >= 0 && fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK) == 0 &&
                      getsockopt(socket_.get(), SOL_SOCKET, SO_TYPE, &type, &size) == 0;
    if (!fits || type != SOCK_SEQPACKET) fail("the inherited socket is none of ListenSequentialPacket");
    watch(loop);
}

void Listener::watch(EventLoop& loop) {
    reserve_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    watch_ = loop.add(socket_.get(), EPOLLIN, *this);
    if (watch_ == 0) fail("cannot watch the socket");
    loop_ = &loop;
}

Listener::~Listener() {
    close();
}

void Listener::close() {
    if (loop_) loop_->remove(watch_, socket_.get());
    loop_ = nullptr;
    if (!path_.empty()) ::unlink(path_.c_str());
    path_.clear();
    socket_.reset();
}

void Listener::ready(std::uint32_t) {
    UniqueFd client(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client) {
        if (errno != EMFILE && errno != ENFILE) return;
        log(LogLevel::always, "out of descriptors: a client is refused; raise the limit on open files");
        reserve_.reset();
        client.reset(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        client.reset();
        reserve_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        return;
    }
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (getsockopt(client.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
    const LogAbout about({peer.uid, static_cast<std::uint32_t>(peer.pid)});
    if (!everybody_ && peer.uid != geteuid()) {
        log(LogLevel::always, "refused process %d of user %u: this server serves user %u only", peer.pid,
            peer.uid, geteuid());
        return;
    }
    const PeerCredentials who{static_cast<std::uint32_t>(peer.pid), peer.uid};
    if (channels_.too_many_unregistered(who, limits_)) {
        log(LogLevel::always, "refused process %u of user %u: too many connections that nothing was said on",
            who.process, who.user);
        return;
    }
    channels_.add(std::move(client), who);
}

}  // namespace ntalpc::server
