// SPDX-License-Identifier: LGPL-2.1-or-later
// For unit tests: memory of every kind that a program may pass by mistake.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstring>

namespace ntalpc {

// Three pages: one to write, one only to read, and one that is not there.
class BadMemory {
  public:
    static constexpr std::size_t kPage = 4096;

    BadMemory() {
        void* const memory =
            mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        EXPECT_NE(memory, MAP_FAILED);
        first_ = static_cast<char*>(memory);
        EXPECT_EQ(mprotect(first_ + kPage, kPage, PROT_READ), 0);
        EXPECT_EQ(mprotect(first_ + 2 * kPage, kPage, PROT_NONE), 0);
    }
    BadMemory(const BadMemory&) = delete;
    BadMemory& operator=(const BadMemory&) = delete;
    ~BadMemory() { munmap(first_, 3 * kPage); }

    template <class T = void>
    T* writable() const {
        return reinterpret_cast<T*>(first_);
    }
    template <class T = void>
    T* read_only() const {
        return reinterpret_cast<T*>(first_ + kPage);
    }
    template <class T = void>
    T* missing() const {
        return reinterpret_cast<T*>(first_ + 2 * kPage);
    }
    // Begins `readable` bytes before the missing page.
    template <class T = void>
    T* straddling(std::size_t readable) const {
        return reinterpret_cast<T*>(first_ + 2 * kPage - readable);
    }
    // The last `size` bytes that can be written; read-only memory follows.
    template <class T = void>
    T* last_writable(std::size_t size = sizeof(T)) const {
        return reinterpret_cast<T*>(first_ + kPage - size);
    }
    // As straddling(), with a copy of `value` of which only the first `readable` bytes are there. The page is
    // read-only.
    template <class T>
    T* cut_off(const T& value, std::size_t readable) {
        mprotect(first_ + kPage, kPage, PROT_READ | PROT_WRITE);
        T* const place = straddling<T>(readable);
        std::memcpy(static_cast<void*>(place), &value, readable);
        mprotect(first_ + kPage, kPage, PROT_READ);
        return place;
    }

  private:
    char* first_ = nullptr;
};

}  // namespace ntalpc
