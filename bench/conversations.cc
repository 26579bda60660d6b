// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/conversations.h"

namespace ntalpc::bench {

namespace {

class PortContestant : public Contestant {
  public:
    PortContestant(const Placement& placement, std::size_t size, const char* role)
        : size_(size),
          server_(placement.server, role),
          port_(connect_port(server_.name())),
          question_(size),
          answer_(size) {}
    ~PortContestant() override { NtClose(port_); }

  protected:
    HANDLE port() const { return port_; }
    const std::string& name() const { return server_.name(); }
    void ask_and_wait() {
        question_.reset(size_);
        call_port(port_, question_, answer_);
    }
    void ask() {
        question_.reset(size_);
        send_message(port_, question_);
    }
    void tell() {
        question_.reset(size_);
        send_message(port_, question_, ALPC_MSGFLG_RELEASE_MESSAGE);
    }
    void wait() { receive_message(port_, answer_); }

  private:
    const std::size_t size_;
    EchoServer server_;
    const HANDLE port_;
    Message question_, answer_;
};

class RoundTrip final : public PortContestant {
  public:
    using PortContestant::PortContestant;
    void round() override { ask_and_wait(); }
};

class Pipeline final : public PortContestant {
  public:
    using PortContestant::PortContestant;
    int operations() const override { return kPipelineDepth; }
    void round() override {
        for (int i = 0; i < kPipelineDepth; ++i) ask();
        for (int i = 0; i < kPipelineDepth; ++i) wait();
    }
};

class Datagrams final : public PortContestant {
  public:
    using PortContestant::PortContestant;
    int operations() const override { return kStreamLength; }
    void round() override {
        for (int i = 1; i < kStreamLength; ++i) tell();
        ask_and_wait();
    }
};

class Connect final : public PortContestant {
  public:
    explicit Connect(const Placement& placement) : PortContestant(placement, 0, "echo") {}
    void round() override { NtClose(connect_port(name())); }
};

template <class Type>
Entrant entrant(std::size_t size, const char* role) {
    return {"alpc", [size, role](const Placement& placement) {
                return std::make_unique<Type>(placement, size, role);
            }};
}

}  // namespace

Entrant alpc_round_trip(std::size_t size, const char* role) {
    return entrant<RoundTrip>(size, role);
}

Entrant alpc_pipeline(std::size_t size, const char* role) {
    return entrant<Pipeline>(size, role);
}

Entrant alpc_datagrams(std::size_t size, const char* role) {
    return entrant<Datagrams>(size, role);
}

Entrant alpc_connect() {
    return {"alpc", [](const Placement& placement) { return std::make_unique<Connect>(placement); }};
}

}  // namespace ntalpc::bench
