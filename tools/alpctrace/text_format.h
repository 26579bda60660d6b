// SPDX-License-Identifier: LGPL-2.1-or-later
// Events as lines of text, for people.
#pragma once

#include <string>

#include "events/names.h"

namespace ntalpc {

// Clock times are those of the place where it is shown.
class TextFormat {
  public:
    TextFormat(const trace::FileHeader& header, bool colour) : header_(header), colour_(colour) {}
    // One line without a newline. `names` has been told of the event.
    std::string line(const Event& event, const Names& names) const;

  private:
    std::string clock(std::int64_t time) const;
    std::string painted(const char* colour, const std::string& text) const;
    const char* colour_of(const Event& event) const;

    const trace::FileHeader header_;
    const bool colour_;
};

}  // namespace ntalpc
