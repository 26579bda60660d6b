// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests on sections and views.
#include <fcntl.h>

#include <array>

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/port.h"
#include "server/port_lookup.h"
#include "server/sealed_memory.h"

namespace ntalpc::server {

void handle(Call& call, const wire::CreateSection::Request& request,
            const wire::CreateSection::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    const bool own_memory = call.descriptors.empty();
    if ((own_memory && request.size == 0) || (!own_memory && request.secure != 0))
        return call.finish(STATUS_INVALID_PARAMETER);
    if (request.size > kLargestSize) return call.finish(STATUS_SECTION_TOO_BIG);
    const auto& payer = call.process().account();
    Ref<PortSection> section;
    auto status = own_memory
                      ? PortSection::make(payer, request.size, request.secure != 0, &section)
                      : PortSection::wrap(payer, std::move(call.descriptors[0]), request.size, &section);
    if (status == STATUS_SUCCESS) status = port->sections().check(port->attributes(), section->size());
    if (status != STATUS_SUCCESS) return call.finish(status);
    wire::CreateSection::Reply reply;
    reply.actual_size = section->size();
    reply.section = port->sections().add(std::move(section));
    call.reply<wire::CreateSection>(STATUS_SUCCESS, reply);
}

void handle(Call& call, const wire::DeleteSection::Request& request,
            const wire::DeleteSection::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    call.finish(port->sections().remove(request.section) ? STATUS_SUCCESS : STATUS_INVALID_HANDLE);
}

void handle(Call& call, const wire::CreateView::Request& request, const wire::CreateView::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    const Ref<PortSection> section = port->sections().find(request.section);
    if (!section) return call.finish(STATUS_INVALID_HANDLE);
    if (request.size == 0) return call.finish(STATUS_INVALID_PARAMETER);
    if (request.size > section->size()) return call.finish(STATUS_INVALID_VIEW_SIZE);
    const std::uint64_t size = round_up(request.size, kPageSize);
    if (exceeds(port->attributes(), &wire::PortAttributes::max_view_size, size))
        return call.finish(STATUS_INVALID_VIEW_SIZE);
    Ref<Region> region;
    if (const auto status = Region::make(section, size, &region)) return call.finish(status);
    const auto view = call.process().views().open(*port, RegionUse(region, false));
    if (!view) return call.finish(STATUS_QUOTA_EXCEEDED);
    view->become_owner();
    wire::CreateView::Reply reply;
    reply.view = view->id();
    reply.size = size;
    reply.offset = region->memory_offset();
    call.reply<wire::CreateView>(STATUS_SUCCESS, reply, {}, std::span(&region->memory(), 1));
}

void handle(Call& call, const wire::DeleteView::Request& request, const wire::DeleteView::RequestBlobs&) {
    auto view = call.process().views().find(request.view);
    if (!view) return call.finish(STATUS_INVALID_PARAMETER);
    if (request.handle != 0) {
        Port* port = nullptr;
        if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
        if (&view->port() != port) return call.finish(STATUS_INVALID_PARAMETER);
    }
    view->close();
    view.reset();  // what follows from it for the caller's other views precedes the answer
    call.finish(STATUS_SUCCESS);
}

void handle(Call& call, const wire::SecureView::Request& request, const wire::SecureView::RequestBlobs&) {
    const auto view = call.process().views().find(request.view);
    if (!view || !view->owns_region() || !view->region().section().secure())
        return call.finish(STATUS_INVALID_PARAMETER);
    const Region& region = view->region();
    if (region.sealed()) return call.finish(STATUS_RESOURCE_IN_USE);
    std::array<UniqueFd, 2> descriptors{open_for_reading(region.memory()),
                                        UniqueFd(fcntl(region.memory().get(), F_DUPFD_CLOEXEC, 0))};
    if (!descriptors[0] || !descriptors[1]) return call.finish(STATUS_INSUFFICIENT_RESOURCES);
    wire::SecureView::Reply reply;
    call.reply<wire::SecureView>(STATUS_SUCCESS, reply, {}, descriptors);
}

void handle(Call& call, const wire::UnsecureView::Request& request, const wire::UnsecureView::RequestBlobs&) {
    const auto view = call.process().views().find(request.view);
    if (!view || !view->owns_region() || view->region().secured())
        return call.finish(STATUS_INVALID_PARAMETER);
    view->restore();
    call.finish(STATUS_SUCCESS);
}

void handle(Call& call, const wire::FlushViews::Request&, const wire::FlushViews::RequestBlobs&) {
    call.finish(STATUS_SUCCESS);
}

void handle(Call& call, const wire::ServeViews::Request& request, const wire::ServeViews::RequestBlobs&) {
    call.process().views().orders().served(call.thread, request.unmapped_serial, request.restored_serial);
}

}  // namespace ntalpc::server
