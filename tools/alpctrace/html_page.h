// SPDX-License-Identifier: LGPL-2.1-or-later
// A self-contained HTML page: page.html with the trace inside.
#pragma once

#include <string>

namespace ntalpc {

std::string html_page(const std::string& data_json);

// The text of page.html, generated from it by the build.
extern const char kPageTemplate[];

}  // namespace ntalpc
