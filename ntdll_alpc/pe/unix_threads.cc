// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pe/unix_threads.h"

#include "core/completion_list_room.h"
#include "ntalpc/ntbase.h"
#include "pe/left_calls.h"
#include "pe/unix_call.h"

namespace ntalpc {
namespace {

ULONG WINAPI run_unix_thread(void* argument) {
    RunThreadParams params = {argument};
    unix_call(UnixCall::RunThread, &params);
    return helper_exit_status();
}

}  // namespace

void share_thread_start() {
    ShareThreadStartParams params = {reinterpret_cast<PVOID>(&run_unix_thread)};
    unix_call(UnixCall::ShareThreadStart, &params);
}

namespace core {

void room_freed(void* list) {
    CompletionListRoomParams params = {list};
    unix_call(UnixCall::CompletionListRoom, &params);
}

}  // namespace core
}  // namespace ntalpc
