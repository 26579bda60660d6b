// SPDX-License-Identifier: LGPL-2.1-or-later
// Conversations about memory: views in each of their forms, and completion lists.
#include "conformance/faults/client.h"
#include "conformance/faults/service.h"
#include "conformance/faults/tables.h"
#include "conformance/harness/completion_list.h"
#include "conformance/harness/views.h"
#include "ntalpc/status.h"

namespace ntalpc::faults {

namespace {

using conformance::CompletionList;
using conformance::PortSection;
using conformance::ViewAttributes;

constexpr SIZE_T kViewSize = 0x4000;
constexpr unsigned char kContent = 0x37;

// ---- Views ----

void make_view(Party& party, const Port& port, ULONG section_flags, PortSection* section,
               ALPC_DATA_VIEW_ATTR* view) {
    party.call("NtAlpcCreatePortSection",
               conformance::create_section(port, section, kViewSize, section_flags));
    party.call("NtAlpcCreateSectionView", conformance::create_view(port, *section, kViewSize, view));
    std::memset(view->ViewBase, kContent, view->ViewSize);
}

// Looks at what came, and gives it back with the answer.
void look_at_views(Party& party) {
    AlpcService service(party, {.attributes = ALPC_MESSAGE_VIEW_ATTRIBUTE});
    service.run([&](Arrival arrival) {
        const bool has_view = (arrival.attributes.valid() & ALPC_MESSAGE_VIEW_ATTRIBUTE) != 0;
        // A message whose view could not be mapped arrives without it.
        if (!has_view) {
            party.tried("view of a message", STATUS_NO_MEMORY);
            answer(arrival.listener, arrival.message, "reply");
            return;
        }
        party.require("a view has its content", conformance::is_filled(arrival.attributes.view(), kContent));
        auto reply = Message<>::answer(arrival.message, "reply");
        ViewAttributes releasing = ViewAttributes::releasing();
        party.tried("reply that gives back a view",
                    send(arrival.listener, reply.get(), kRelease, releasing.get()));
    });
}

void send_views(Party& party) {
    Port port;
    connect_to_service(party, port);
    PortSection section;
    ALPC_DATA_VIEW_ATTR view;
    make_view(party, port, 0, &section, &view);
    for (int i = 0; i < 2; ++i) {
        Message<> question("look"), reply;
        ViewAttributes attributes(view, 0);
        party.call("request with a view", request(port, question, reply, attributes.get()));
    }
    party.call("NtAlpcDeleteSectionView", conformance::delete_view(port, view.ViewBase));
    party.call("NtAlpcDeletePortSection", conformance::delete_section(port, section));
    party.call("NtClose", port.close());
}

void send_secured_views(Party& party) {
    Port port;
    connect_to_service(party, port);
    PortSection section;
    ALPC_DATA_VIEW_ATTR view;
    make_view(party, port, conformance::secure_section, &section, &view);
    for (int i = 0; i < 2; ++i) {
        Message<> question("look"), reply;
        ViewAttributes attributes(view, ALPC_VIEWFLG_SECURED_ACCESS);
        party.call("request with a secured view", request(port, question, reply, attributes.get()));
        std::memset(view.ViewBase, kContent, view.ViewSize);
    }
    party.call("NtClose", port.close());
}

void give_views_away(Party& party) {
    Port port;
    connect_to_service(party, port);
    PortSection section;
    ALPC_DATA_VIEW_ATTR view;
    make_view(party, port, conformance::secure_section, &section, &view);
    party.call("datagram with a view that goes away",
               conformance::send_view(port, view, conformance::secured_and_released));
    party.call("NtAlpcDeletePortSection", conformance::delete_section(port, section));
    make_view(party, port, 0, &section, &view);
    Message<> question("look"), reply;
    ViewAttributes attributes(view, ALPC_VIEWFLG_AUTO_RELEASE);
    party.call("request with a view that goes away", request(port, question, reply, attributes.get()));
    party.call("NtClose", port.close());
}

// ---- Completion lists ----

// Takes everything out of the list, also the connection requests.
class ListService {
  public:
    explicit ListService(Party& party) : party_(party) {
        party_.call("NtAlpcCreatePort", create(listener_, party_.port_name()));
        party_.call("AlpcRegisterCompletionList", list_.attach(listener_));
        party_.announce();
    }
    void run() {
        for (;;) {
            Message<> message;
            take(message);
            if (message.kind() == LPC_CONNECTION_REQUEST) {
                if (message.data() == kOver) return void(refuse(listener_, message.get()));
                if (!party_.tried("NtAlpcAcceptConnectPort", accept(server_, listener_, message.get())))
                    refuse(listener_, message.get());
            } else if (message.kind() == LPC_REQUEST) {
                party_.tried("reply", answer(listener_, message, "reply"));
            }
        }
    }

  private:
    void take(Message<>& message) {
        PORT_MESSAGE* taken = nullptr;
        while (!taken) {
            party_.critical_if(taken_ == kCritical, [&] { taken = list_.take(); });
            if (!taken) wait();
        }
        std::memcpy(message.get(), taken, static_cast<std::uint16_t>(taken->u1.s1.TotalLength));
        party_.critical_if(taken_ == kCritical, [&] { list_.free(taken); });
        ++taken_;
    }
    void wait() {
        Message<> unused;
        const NTSTATUS status = receive(listener_, unused);
        party_.require("messages go into the list", status != STATUS_SUCCESS);
        party_.call("receive beside a list",
                    status == STATUS_ALPC_CHECK_COMPLETION_LIST ? NTSTATUS{STATUS_SUCCESS} : status);
    }

    static constexpr int kCritical = 2;  // one of the datagrams

    Party& party_;
    int taken_ = 0;
    Port listener_, server_;
    CompletionList list_;  // goes before its port
};

void serve_from_a_list(Party& party) {
    ListService(party).run();
}

void send_to_a_list(Party& party) {
    Port port;
    connect_to_service(party, port);
    for (int i = 0; i < 3; ++i) {
        Message<> datagram("datagram");
        party.call("datagram", send(port, datagram.get(), kRelease));
    }
    ask(party, port, "question");
    party.call("NtClose", port.close());
}

}  // namespace

std::vector<Conversation> memory_conversations() {
    // The notice that a request was cancelled may be in the list already, and then the message is no more.
    std::vector<NTSTATUS> ended_with_list = other_ended();
    ended_with_list.push_back(STATUS_INVALID_MESSAGE);
    const Role service = {"service", look_at_views, Service::alpc};
    return {
        {"views", {service, {"client", send_views}}, other_ended()},
        {"secured-views", {service, {"client", send_secured_views}}, other_ended()},
        {"released-views", {service, {"client", give_views_away}}, other_ended()},
        {"completion-list",
         {{"service", serve_from_a_list, Service::alpc}, {"client", send_to_a_list}},
         ended_with_list},
    };
}

}  // namespace ntalpc::faults
