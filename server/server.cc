// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/server.h"

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "server/channel.h"
#include "server/confinement.h"
#include "server/event_loop.h"
#include "server/kernel.h"
#include "server/listener.h"
#include "server/log.h"
#include "server/memory_reserve.h"
#include "server/socket_capabilities.h"
#include "server/tracer.h"

namespace ntalpc::server {

namespace {

// Turns the signals that end the server into an event.
class StopSignals final : public Watcher {
  public:
    explicit StopSignals(EventLoop& loop) {
        sigset_t signals;
        sigemptyset(&signals);
        for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
        sigprocmask(SIG_BLOCK, &signals, nullptr);
        std::signal(SIGPIPE, SIG_IGN);
        fd_.reset(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
        if (!fd_ || loop.add(fd_.get(), EPOLLIN, *this) == 0) {
            throw std::system_error(errno, std::generic_category(), "cannot watch for signals");
        }
    }
    void ready(std::uint32_t) override { stopped_ = true; }
    bool stopped() const { return stopped_; }

  private:
    UniqueFd fd_;
    bool stopped_ = false;
};

// When the lingering after the last client ends; kForever while there are clients.
class Linger {
  public:
    explicit Linger(int seconds) : seconds_(seconds) {}
    Nanoseconds update(bool idle) {
        if (!idle || seconds_ < 0) return end_ = kForever;
        if (end_ == kForever) end_ = monotonic_now() + Nanoseconds{seconds_} * 1'000'000'000;
        return end_;
    }
    bool over() const { return end_ != kForever && monotonic_now() >= end_; }

  private:
    const int seconds_;
    Nanoseconds end_ = kForever;
};

// Large messages and what clients keep share one heap, which would grow for hours as the one settles in the
// gaps of the other. Now and then the pages that are free in it go back to the system.
class HeapTrimmer {
  public:
    void trim_if_due(Nanoseconds now) {
        constexpr Nanoseconds pause = Nanoseconds{20} * 1'000'000'000;
        constexpr std::size_t worth_it = std::size_t{1} << 20;
        if (now < next_) return;
        next_ = now + pause;
        if (mallinfo2().fordblks > worth_it) malloc_trim(0);
    }

  private:
    Nanoseconds next_ = 0;
};

Nanoseconds sooner(Nanoseconds a, Nanoseconds b) {
    if (a == kForever) return b;
    if (b == kForever) return a;
    return std::min(a, b);
}

}  // namespace

void serve(const Options& options, const Limits& limits, const std::function<void()>& ready) {
    keep_memory_reserve();
    EventLoop loop;
    StopSignals stop(loop);
    SocketCapabilities capabilities(loop);
    Kernel kernel(capabilities, monotonic_now, limits);
    capabilities.serve(kernel.handles);
    ChannelTable channels(loop, kernel);
    Listener listener(channels, limits, options.system);
    if (options.inherited_socket >= 0) {
        listener.adopt(UniqueFd(options.inherited_socket), loop);
    } else {
        listener.open(options.directory, loop);
    }
    log(LogLevel::connections, "serving in %s", options.directory.c_str());
    ready();
    confine_process();
    Linger linger(options.linger);
    HeapTrimmer heap;
    while (!stop.stopped()) {
        const Nanoseconds next = kernel.expire();
        channels.collect();
        tracer().serve_readers();
        const Nanoseconds end = linger.update(channels.idle());
        if (linger.over()) break;
        const Nanoseconds now = monotonic_now();
        heap.trim_if_due(now);
        loop.run_once(sooner(sooner(next, end), tell_of_missing_lines(now)));
    }
    listener.close();
    log(LogLevel::connections, stop.stopped() ? "stopped by a signal" : "no clients left");
}

}  // namespace ntalpc::server
