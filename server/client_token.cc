// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/client_token.h"

namespace ntalpc::server {

ClientToken::~ClientToken() {
    if (handle_ == 0) return;
    if (const auto released = released_.lock()) released->push_back(handle_);
}

}  // namespace ntalpc::server
