// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/kernel.h"

#include <sys/random.h>

#include <algorithm>
#include <limits>
#include <system_error>

#include "ntalpc/status.h"
#include "server/completion_list.h"

namespace ntalpc::server {

namespace {

Cookie random_cookie() {
    Cookie cookie;
    if (getrandom(&cookie, sizeof(cookie), 0) != sizeof(cookie)) {
        throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    return cookie;
}

}  // namespace

Kernel::Kernel(CapabilityMaker& maker, Clock clock, const Limits& limits, Namespace empty)
    : names(std::move(empty)), handles(maker), clock_(clock), limits_(limits) {}

std::uint32_t Kernel::next_callback_id() {
    if (++last_callback_id_ == 0) ++last_callback_id_;
    return last_callback_id_;
}

Ref<Process> Kernel::add_process(ProcessFacts facts, security::Token token, std::size_t told) {
    auto account = make_ref<QuotaAccount>(limits_.process, account_of_user(facts.unix_user));
    auto process = make_ref<Process>(std::move(facts), std::move(token), random_cookie(), std::move(account));
    if (!process->pay_for_itself(told)) return {};
    names.add_session(process->facts().session);
    processes_.push_back(process.get());
    return process;
}

// What a user owes is forgotten when nothing of it is left.
Ref<QuotaAccount> Kernel::account_of_user(std::uint32_t user) {
    std::erase_if(accounts_, [](const auto& entry) { return entry.second->references() == 1; });
    Ref<QuotaAccount>& account = accounts_[user];
    if (!account) account = make_ref<QuotaAccount>(limits_.user);
    return account;
}

Process* Kernel::find_process(const Cookie& cookie) const {
    const auto found = std::find_if(processes_.begin(), processes_.end(),
                                    [&](const Process* process) { return process->cookie() == cookie; });
    return found == processes_.end() ? nullptr : *found;
}

void Kernel::remove_process(Process& process) {
    leases.take_back_of(process, "a process ended");
    processes_.remove(&process);
    keepers.process_gone(process);
    end_completion_lists_of(*this, process);
}

void Kernel::add_thread(Thread& thread) {
    threads_.emplace(std::pair(thread.process().facts().id, thread.id()), &thread);
}

void Kernel::remove_thread(const Thread& thread) {
    leases.take_back_what_carries(thread, "a thread ended");
    std::erase_if(threads_, [&](const auto& entry) { return entry.second == &thread; });
}

Thread* Kernel::find_thread(std::uint64_t process_id, std::uint64_t thread_id) const {
    const auto found = threads_.find({process_id, thread_id});
    return found == threads_.end() ? nullptr : found->second;
}

void Kernel::set_deadline(Wait& wait, Nanoseconds relative) {
    if (relative == kForever) return;
    const Nanoseconds start = now();
    const Nanoseconds most = std::numeric_limits<Nanoseconds>::max() - start;
    wait.set_deadline(deadlines, start + std::clamp<Nanoseconds>(relative, 0, most));
}

Nanoseconds Kernel::expire() {
    const Nanoseconds time = now();
    while (!deadlines.empty() && deadlines.begin()->first <= time)
        deadlines.begin()->second->finish(STATUS_TIMEOUT);
    return deadlines.empty() ? kForever : deadlines.begin()->first;
}

}  // namespace ntalpc::server
