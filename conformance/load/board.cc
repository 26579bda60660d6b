// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>

#include "conformance/load/load.h"

namespace ntalpc::load {

void fail(Board& board, const std::string& what) {
    const std::uint32_t place = board.failures++;
    if (place < board.texts.size())
        std::snprintf(board.texts[place].data(), board.texts[place].size(), "%s", what.c_str());
}

}  // namespace ntalpc::load
