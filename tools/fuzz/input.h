// SPDX-License-Identifier: LGPL-2.1-or-later
// What all fuzz targets have in common: an input that is read like a list of decisions, and how a broken
// promise ends the run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

namespace ntalpc::fuzz {

// A promise that the code under test has broken. The fuzzer keeps the input that did it.
inline void require(bool holds, const char* promise) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", promise);
    std::abort();
}

// An input that has come to its end goes on with zeros, so that every prefix of one means something.
class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

    bool empty() const { return rest_.empty(); }
    std::size_t size() const { return rest_.size(); }
    template <class Number = std::uint8_t>
    Number number() {
        Number value = 0;
        const auto bytes = take(sizeof(value));
        std::memcpy(&value, bytes.data(), bytes.size());
        return value;
    }
    // One of `count`; 0 when there is none.
    std::size_t one_of(std::size_t count) { return number() % std::max<std::size_t>(count, 1); }
    std::span<const std::uint8_t> take(std::size_t count) {
        const auto taken = rest_.first(std::min(count, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    std::span<const std::uint8_t> take_rest() { return take(rest_.size()); }

  private:
    std::span<const std::uint8_t> rest_;
};

}  // namespace ntalpc::fuzz
