// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of events, watchers that disappear, deadlines.
#include "server/event_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "server/capability.h"

namespace ntalpc::server {
namespace {

// A pair of sockets, one end watched.
class Watched final : public Watcher {
  public:
    Watched(EventLoop& loop, bool hangups) : loop_(loop) {
        EXPECT_TRUE(make_socket_pair(&near_, &far_));
        number_ = hangups ? loop.add_hangup(near_.get(), *this) : loop.add(near_.get(), EPOLLIN, *this);
        EXPECT_NE(number_, 0u);
    }
    ~Watched() override { remove(); }
    void remove() { loop_.remove(number_, near_.get()); }
    void hang_up() { far_.reset(); }
    void write() { EXPECT_EQ(::write(far_.get(), "x", 1), 1); }
    void ready(std::uint32_t events) override { on_ready(events); }

    std::function<void(std::uint32_t)> on_ready = [](std::uint32_t) {};

  private:
    EventLoop& loop_;
    UniqueFd near_, far_;
    std::uint64_t number_ = 0;
};

TEST(EventLoop, TellsWhatIsReady) {
    EventLoop loop;
    Watched quiet(loop, false), ready(loop, false);
    int told = 0;
    quiet.on_ready = [](std::uint32_t) { ADD_FAILURE(); };
    ready.on_ready = [&](std::uint32_t events) {
        EXPECT_TRUE(events & EPOLLIN);
        ++told;
    };
    ready.write();
    loop.run_once(kForever);
    EXPECT_EQ(told, 1);
    loop.run_once(kForever);
    EXPECT_EQ(told, 2) << "until it has been read";
}

TEST(EventLoop, HangupsGoFirst) {
    EventLoop loop;
    std::string order;
    Watched first(loop, false), hangup(loop, true), last(loop, false);
    first.on_ready = [&](std::uint32_t) { order += 'r'; };
    last.on_ready = [&](std::uint32_t) { order += 'r'; };
    hangup.on_ready = [&](std::uint32_t) {
        order += 'h';
        hangup.remove();
    };
    first.write();
    last.write();
    hangup.hang_up();
    loop.run_once(kForever);
    EXPECT_EQ(order, "hrr");
}

TEST(EventLoop, HangupsGoFirstInAFullBatchToo) {
    EventLoop loop;
    std::string order;
    std::vector<std::unique_ptr<Watched>> many;
    for (int i = 0; i < 100; ++i) {
        many.push_back(std::make_unique<Watched>(loop, false));
        many.back()->on_ready = [&](std::uint32_t) { order += 'r'; };
        many.back()->write();
    }
    Watched hangup(loop, true);
    hangup.on_ready = [&](std::uint32_t) {
        order += 'h';
        hangup.remove();
    };
    hangup.hang_up();
    loop.run_once(kForever);
    ASSERT_FALSE(order.empty());
    EXPECT_EQ(order.front(), 'h');
}

TEST(EventLoop, DataOnAHangupWatcherIsNothing) {
    EventLoop loop;
    Watched watched(loop, true);
    watched.on_ready = [](std::uint32_t) { ADD_FAILURE(); };
    watched.write();
    loop.run_once(monotonic_now());
}

TEST(EventLoop, AWatcherRemovedByAnotherIsNotTold) {
    for (const bool hangups : {false, true}) {
        EventLoop loop;
        int told = 0;
        std::unique_ptr<Watched> one = std::make_unique<Watched>(loop, hangups);
        std::unique_ptr<Watched> other = std::make_unique<Watched>(loop, hangups);
        for (auto* pair : {&one, &other}) {
            auto& rival = pair == &one ? other : one;
            (*pair)->on_ready = [&, self = pair->get()](std::uint32_t) {
                ++told;
                self->remove();  // a hang-up stays ready
                rival.reset();
            };
            (*pair)->hang_up();
        }
        loop.run_once(kForever);
        EXPECT_EQ(told, 1);
    }
}

TEST(EventLoop, ADescriptorUsedAgainInTheSameBatchIsAnotherWatcher) {
    EventLoop loop;
    std::unique_ptr<Watched> one = std::make_unique<Watched>(loop, false);
    std::unique_ptr<Watched> other = std::make_unique<Watched>(loop, false);
    std::unique_ptr<Watched> newcomer;
    for (auto* pair : {&one, &other}) {
        auto& rival = pair == &one ? other : one;
        (*pair)->on_ready = [&](std::uint32_t) {
            rival.reset();
            newcomer = std::make_unique<Watched>(loop, false);  // with the numbers just freed
            newcomer->on_ready = [](std::uint32_t) { ADD_FAILURE() << "told of another's event"; };
        };
        (*pair)->write();
    }
    loop.run_once(kForever);
    EXPECT_TRUE(newcomer);
}

TEST(EventLoop, WaitsForADeadline) {
    EventLoop loop;
    const Nanoseconds deadline = monotonic_now() + 20'000'000;
    loop.run_once(deadline);
    EXPECT_GE(monotonic_now(), deadline);
    loop.run_once(0);  // long past: does not block
}

TEST(EventLoop, ABadDescriptorCannotBeWatched) {
    EventLoop loop;
    struct Nobody final : Watcher {
        void ready(std::uint32_t) override {}
    } nobody;
    EXPECT_EQ(loop.add(-1, EPOLLIN, nobody), 0u);
    loop.remove(0, -1);  // of nothing
}

}  // namespace
}  // namespace ntalpc::server
