// SPDX-License-Identifier: LGPL-2.1-or-later
// Text between what users type and what NT wants.
#pragma once

#include <string>

namespace ntalpc {

std::u16string utf16_of(const std::string& utf8);

}  // namespace ntalpc
