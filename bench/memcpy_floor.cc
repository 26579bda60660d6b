// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstring>

#include "bench/floors.h"

namespace ntalpc::bench {

namespace {

class Memcpy final : public Contestant {
  public:
    Memcpy(std::size_t size, int copies) : copies_(copies), from_(size, 1), to_(size, 2) {}
    void round() override {
        for (int i = 0; i < copies_; ++i) {
            std::memcpy(to_.data(), from_.data(), from_.size());
            // Or the compiler would see that nobody looks.
            asm volatile("" : : "r"(to_.data()) : "memory");
        }
    }

  private:
    const int copies_;
    std::vector<unsigned char> from_, to_;
};

}  // namespace

Entrant memcpy_floor(std::size_t size, int copies) {
    return {"memcpy", [size, copies](const Placement&) { return std::make_unique<Memcpy>(size, copies); }};
}

}  // namespace ntalpc::bench
