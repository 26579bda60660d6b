// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/view.h"

#include "server/port.h"
#include "server/process.h"

namespace ntalpc::server {

View::View(Process& process, Port& port, std::uint64_t id, RegionUse use, ObjectCharge charge)
    : process_(process), port_(&port), id_(id), use_(std::move(use)), charge_(std::move(charge)) {
    port.views().insert(this);
}

View::~View() {
    port_->views().erase(this);
    if (owner_) use_.region().set_owner(nullptr);
}

void View::become_owner() {
    owner_ = true;
    use_.region().set_owner(this);
}

void View::restore() {
    process_.views().orders().restore(id_);
}

void View::close() {
    process_.views().remove(id_);
}

void View::revoke() {
    process_.views().orders().unmap(id_, std::move(charge_));
    close();
}

std::shared_ptr<View> ProcessViews::open(Port& port, RegionUse use) {
    ObjectCharge charge;
    if (!charge.charge(process_.account())) return nullptr;
    const std::uint64_t id = ++last_id_;
    auto view = std::make_shared<View>(process_, port, id, std::move(use), std::move(charge));
    views_.emplace(id, view);
    return view;
}

std::shared_ptr<View> ProcessViews::find(std::uint64_t id) const {
    const auto found = views_.find(id);
    return found == views_.end() ? nullptr : found->second;
}

}  // namespace ntalpc::server
