// SPDX-License-Identifier: LGPL-2.1-or-later
// The outcome of something that can fail: a value, or an error that the caller must look at. C++20 has no
// std::expected; this is the part of it that the tools need.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace ntalpc {

// A complete sentence for the user: what is wrong and what to do next.
struct Failure {
    std::string sentence;
};

template <typename Value, typename Error = Failure>
class [[nodiscard]] Result {
  public:
    Result(Value value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    explicit operator bool() const { return state_.index() == 0; }

    // Only when true, respectively false, in a boolean context; anything else throws std::bad_variant_access.
    Value& operator*() { return std::get<0>(state_); }
    const Value& operator*() const { return std::get<0>(state_); }
    Value* operator->() { return &std::get<0>(state_); }
    const Value* operator->() const { return &std::get<0>(state_); }
    const Error& error() const { return std::get<1>(state_); }

  private:
    std::variant<Value, Error> state_;
};

// For what has no value to give back.
struct Done {};

}  // namespace ntalpc
