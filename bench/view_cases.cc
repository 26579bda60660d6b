// SPDX-License-Identifier: LGPL-2.1-or-later
// What it takes to move memory to another process by view, from the send until the receiver has given it
// back. The memory is filled beforehand. The receiver maps it and does not look at it, which would cost the
// same however it came there.
#include <cstring>

#include "bench/cases.h"
#include "bench/conversations.h"

namespace ntalpc::bench {

namespace {

constexpr SIZE_T kSmallest = 4096;

class ViewRoundTrip final : public Contestant {
  public:
    ViewRoundTrip(const Placement& placement, SIZE_T size)
        : server_(placement.server, "view-echo"), port_(connect_port(server_.name())) {
        if (size == 0) return;
        SIZE_T actual = 0;
        attributes_.header = {ALPC_MESSAGE_VIEW_ATTRIBUTE, ALPC_MESSAGE_VIEW_ATTRIBUTE};
        attributes_.view.ViewSize = size;
        check(NtAlpcCreatePortSection(port_, 0, nullptr, size, &attributes_.view.SectionHandle, &actual),
              "NtAlpcCreatePortSection");
        check(NtAlpcCreateSectionView(port_, 0, &attributes_.view), "NtAlpcCreateSectionView");
        std::memset(attributes_.view.ViewBase, 1, size);
    }
    ~ViewRoundTrip() override { NtClose(port_); }
    void round() override {
        question_.reset(0);
        SIZE_T length = answer_.room();
        check(NtAlpcSendWaitReceivePort(port_, ALPC_MSGFLG_SYNC_REQUEST, question_.get(),
                                        attributes_.header.ValidAttributes ? &attributes_.header : nullptr,
                                        answer_.get(), &length, nullptr, nullptr),
              "a request with a view");
    }

  private:
    EchoServer server_;
    const HANDLE port_;
    Message question_{0}, answer_{0};
    struct {
        ALPC_MESSAGE_ATTRIBUTES header;
        ALPC_DATA_VIEW_ATTR view;
    } attributes_{};
};

Entrant view(const char* name, SIZE_T size) {
    return {name,
            [size](const Placement& placement) { return std::make_unique<ViewRoundTrip>(placement, size); }};
}

Case case_of(const char* name, SIZE_T size) {
    Case made;
    made.name = std::string("view/") + name;
    made.title = "a request with a view that is given back, against the smallest and none";
    made.run = [size](const Settings& settings) {
        return Result{take_turns({view("alpc", size), view("view-4k", kSmallest), view("no-view", 0)},
                                 {{}, settings.budget(3e8)})};
    };
    made.targets = {{Bound::at_most, 1.5, "view-4k"}};
    made.for_quick = size <= SIZE_T{1} << 20;
    return made;
}

}  // namespace

void add_view_cases(std::vector<Case>& cases) {
    cases.push_back(case_of("64k", SIZE_T{64} << 10));
    cases.push_back(case_of("1m", SIZE_T{1} << 20));
    cases.push_back(case_of("16m", SIZE_T{16} << 20));
    cases.push_back(case_of("256m", SIZE_T{256} << 20));
}

}  // namespace ntalpc::bench
