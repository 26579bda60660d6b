// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/sent_view.h"

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/port.h"
#include "server/process.h"

namespace ntalpc::server {

namespace {

constexpr std::uint32_t kKnownFlags =
    ALPC_VIEWFLG_UNMAP_EXISTING | ALPC_VIEWFLG_AUTO_RELEASE | ALPC_VIEWFLG_SECURED_ACCESS;

}  // namespace

std::int32_t SentView::take(Process& sender, Port& port, const wire::MessageAttributes& attributes) {
    if (!(attributes.valid & ALPC_MESSAGE_VIEW_ATTRIBUTE)) return STATUS_SUCCESS;
    if (attributes.view_flags & ~kKnownFlags) return STATUS_INVALID_PARAMETER;
    unmaps_existing_ = (attributes.view_flags & ALPC_VIEWFLG_UNMAP_EXISTING) != 0;
    const bool empty = attributes.view_section == 0 && attributes.view_base == 0 && attributes.view_size == 0;
    if (empty && unmaps_existing_) return STATUS_SUCCESS;
    const Ref<PortSection> section = port.sections().find(attributes.view_section);
    if (!section) return STATUS_INVALID_HANDLE;
    auto view = sender.views().find(attributes.view);
    if (!view || !view->owns_region() || &view->port() != &port ||
        &view->region().section() != section.get() || attributes.view_size == 0 ||
        attributes.view_size > view->region().size()) {
        return STATUS_INVALID_PARAMETER;
    }
    view_ = std::move(view);
    auto_release_ = (attributes.view_flags & ALPC_VIEWFLG_AUTO_RELEASE) != 0;
    secured_ = (attributes.view_flags & ALPC_VIEWFLG_SECURED_ACCESS) != 0;
    if (const auto status = check_secured()) return status;
    return secured_ ? view_->region().make_read_only_memory() : STATUS_SUCCESS;
}

// A region in its secured form has two views at most, the sender's and one receiver's (Windows Internals).
std::int32_t SentView::check_secured() const {
    const Region& region = view_->region();
    if (region.secured()) return STATUS_RESOURCE_IN_USE;
    if (!secured_) return region.sealed() ? STATUS_RESOURCE_IN_USE : STATUS_SUCCESS;
    return region.section().secure() && region.sealed() ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

RegionUse SentView::use() const {
    return view_ ? RegionUse(Ref<Region>(&view_->region()), secured_) : RegionUse();
}

void SentView::sent() {
    if (view_ && auto_release_) view_->revoke();
    view_.reset();
}

}  // namespace ntalpc::server
