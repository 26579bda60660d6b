// SPDX-License-Identifier: LGPL-2.1-or-later
// Writing JSON: text in quotes, and objects and lists that are put together member by member.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace ntalpc::conformance {

std::string json_string(std::string_view text);

class JsonObject {
  public:
    JsonObject& text(std::string_view name, std::string_view value);
    JsonObject& number(std::string_view name, std::integral auto value) {
        return raw(name, std::to_string(value));
    }
    JsonObject& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
    // The value is JSON already.
    JsonObject& raw(std::string_view name, std::string_view json);

    std::string str() const { return "{" + members_ + "}"; }

  private:
    std::string members_;
};

class JsonList {
  public:
    void add_raw(std::string_view json);
    std::string str() const { return "[" + elements_ + "]"; }

  private:
    std::string elements_;
};

}  // namespace ntalpc::conformance
