// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/recorder.h"

#include <unistd.h>

#include "ntalpc/status.h"

namespace ntalpc::server {

bool may_look_at_others(const Process& process) {
    return process.facts().unix_user == geteuid() || process.facts().unix_user == 0;
}

void reply_with_records(Thread& thread) {
    wire::TraceRead::Reply reply;
    thread.reply<wire::TraceRead>(STATUS_SUCCESS, reply,
                                  {.data = thread.recorder()->buffer().take(kRecordBatch)});
}

RecorderWait::RecorderWait(Thread& thread, std::size_t at_least)
    : Wait(thread), buffer_(thread.recorder()->buffer()), at_least_(std::min(at_least, kRecordBatch / 2)) {
    buffer_.set_reader(this);
}

RecorderWait::~RecorderWait() {
    buffer_.set_reader(nullptr);
}

void RecorderWait::answer(std::int32_t) {
    reply_with_records(thread());
}

void RecorderWait::records_came() {
    if (buffer_.size() >= at_least_) finish(STATUS_SUCCESS);
}

}  // namespace ntalpc::server
