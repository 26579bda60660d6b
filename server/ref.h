// SPDX-License-Identifier: LGPL-2.1-or-later
// Intrusive reference counting for server objects. The server runs one thread, so counts are plain integers.
#pragma once

#include <cstddef>
#include <utility>

namespace ntalpc::server {

class RefCounted {
  public:
    RefCounted() = default;
    RefCounted(const RefCounted&) = delete;
    RefCounted& operator=(const RefCounted&) = delete;

    void add_ref() const { ++references_; }
    std::size_t references() const { return references_; }
    void release() const {
        if (--references_ == 0) delete this;
    }

  protected:
    virtual ~RefCounted() = default;

  private:
    mutable std::size_t references_ = 0;
};

template <class T>
class Ref {
  public:
    Ref() = default;
    Ref(T* object) : object_(object) {
        if (object_) object_->add_ref();
    }
    Ref(const Ref& other) : Ref(other.object_) {}
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Ref& operator=(Ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() {
        if (object_) object_->release();
    }

    T* get() const { return object_; }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }
    explicit operator bool() const { return object_ != nullptr; }
    void reset() { *this = Ref(); }

  private:
    T* object_ = nullptr;
};

template <class T, class... Arguments>
Ref<T> make_ref(Arguments&&... arguments) {
    return Ref<T>(new T(std::forward<Arguments>(arguments)...));
}

// Counts the living instances of a class, for `server_status` and for tests that look for leaks.
template <class T>
class Counted {
  public:
    Counted() { ++alive_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    static std::size_t alive() { return alive_; }

  protected:
    ~Counted() { --alive_; }

  private:
    static inline std::size_t alive_ = 0;
};

}  // namespace ntalpc::server
