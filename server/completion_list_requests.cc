// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests on completion lists.
#include "ntalpc/completion_list_action.h"
#include "ntalpc/status.h"
#include "server/completion_list.h"
#include "server/dispatch.h"
#include "server/port_lookup.h"

namespace ntalpc::server {

void handle(Call& call, const wire::RegisterCompletionList::Request& request,
            const wire::RegisterCompletionList::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    // Legacy receivers know no lists.
    if (port->lpc()) return call.finish(STATUS_INVALID_PARAMETER);
    if (port->completion_list()) return call.finish(STATUS_PORT_ALREADY_HAS_COMPLETION_LIST);
    port->set_completion_list(std::make_unique<CompletionList>(*port, call.process()));
    call.finish(STATUS_SUCCESS);
}

namespace {

std::int32_t find_list(const Call& call, std::uint64_t handle, CompletionList** list) {
    Port* port = nullptr;
    if (const auto status = find_port(call, handle, &port)) return status;
    *list = port->completion_list();
    return *list ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

}  // namespace

void handle(Call& call, const wire::FetchCompletionList::Request& request,
            const wire::FetchCompletionList::RequestBlobs&) {
    CompletionList* list = nullptr;
    if (const auto status = find_list(call, request.handle, &list)) return call.finish(status);
    if (!list->belongs_to(call.process())) return call.finish(STATUS_ACCESS_DENIED);
    list->fetch(call, request);
}

void handle(Call& call, const wire::ControlCompletionList::Request& request,
            const wire::ControlCompletionList::RequestBlobs&) {
    CompletionList* list = nullptr;
    if (const auto status = find_list(call, request.handle, &list)) return call.finish(status);
    switch (static_cast<CompletionListAction>(request.action)) {
        case CompletionListAction::unregister:
            return list->unregister(call);
        case CompletionListAction::run_down:
            return list->run_down(call);
        case CompletionListAction::give_up:
            list->end();
            return call.finish(STATUS_SUCCESS);
        case CompletionListAction::room:
            list->room_freed();
            return call.finish(STATUS_SUCCESS);
        case CompletionListAction::wake:
            list->wake_receivers(0xFFFFFFFF);
            return call.finish(STATUS_SUCCESS);
    }
    call.finish(STATUS_INVALID_PARAMETER);
}

}  // namespace ntalpc::server
