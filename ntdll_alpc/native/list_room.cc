// SPDX-License-Identifier: LGPL-2.1-or-later
// Natively the helpers of completion lists and the core are in one library.
#include "core/completion_list_pump.h"
#include "core/completion_list_room.h"

namespace ntalpc::core {

void room_freed(void* list) {
    completion_list_room(list);
}

}  // namespace ntalpc::core
