// SPDX-License-Identifier: LGPL-2.1-or-later
// For requests_fuzz.cc: a request as the input wants it. It begins as what a well-behaved client would send,
// with numbers from earlier answers, and is then changed field by field.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>

#include <string>
#include <vector>

#include "ntalpc/passing.h"
#include "server/fuzz_usual.h"
#include "server/fuzz_world.h"

namespace ntalpc::server::fuzz {

using wire::bytes_of;

class RequestMaker {
  public:
    RequestMaker(World& world, Client& client, std::uint16_t code, Input& input)
        : world_(world),
          client_(client),
          code_(static_cast<wire::Code>(code)),
          info_(wire::kRequestInfos[code].request),
          input_(input) {}

    Body body;
    std::vector<UniqueFd> descriptors;

    void make() {
        const UsualFields& fields = usual_fields(static_cast<std::size_t>(code_), input_.one_of(shapes));
        body.assign(info_.size, std::byte{0});
        for (std::size_t i = 0; i < fields.size(); ++i) {
            const bool fed_back = fields[i].answers != kNotFedBack;
            set(info_.fields[i], fed_back ? answer(fields[i].answers, 0) : fields[i].number);
        }
        for (const wire::BlobInfo& blob : info_.blobs) blobs_.push_back(usual_blob(blob.name));
        const bool presents = code_ == wire::Code::adopt_handle || code_ == wire::Code::event_pair_memory;
        while (descriptors.size() < info_.descriptors.least)
            descriptors.push_back(make_descriptor(presents ? client_end : memory));
        changing_ = true;
        for (std::size_t changes = input_.number() % 16; changes != 0 && !input_.empty(); --changes) change();
        finish();
    }

  private:
    void set(const wire::FieldInfo& field, std::uint64_t value) {
        std::memcpy(body.data() + field.offset, &value, field.size);
    }
    std::uint64_t get(const wire::FieldInfo& field) const {
        std::uint64_t value = 0;
        std::memcpy(&value, body.data() + field.offset, field.size);
        return value;
    }
    std::uint64_t answer(std::size_t place, std::size_t back) const {
        return place == kNotFedBack ? 0 : client_.answers[place].back(back);
    }
    Body usual_blob(std::string_view blob) {
        if (blob == "name") return copy(bytes_of(kNames[0]));
        if (blob == "data") return copy(bytes_of("contents"));
        if (blob == "handles") return numbers(1);
        if (blob == "token") return data_blobs().back();
        if (blob == "objects") return passed_objects(1);
        if (blob == "results") return kept_results(1);
        return {};
    }

    void change() {
        const std::size_t places = info_.fields.size() + info_.blobs.size() + 1;
        std::size_t place = input_.one_of(places);
        if (place < info_.fields.size()) return change_field(info_.fields[place], place);
        place -= info_.fields.size();
        if (place < info_.blobs.size()) {
            blobs_[place] = changed_blob();
        } else {
            descriptors.clear();
            for (std::size_t count = input_.one_of(wire::kMaxDescriptors + 1); count != 0; --count)
                descriptors.push_back(
                    make_descriptor(static_cast<DescriptorValue>(input_.one_of(descriptor_values))));
        }
    }
    void change_field(const wire::FieldInfo& field, std::size_t place) {
        if (field.name == std::string_view("message.data_length") ||
            field.name == std::string_view("message.total_length"))
            lengths_changed_ = true;
        set(field, changed_number(
                       field, FedBackPlaces::instance().requests[static_cast<std::size_t>(code_)][place]));
    }
    std::uint64_t changed_number(const wire::FieldInfo& field, std::size_t answers) {
        switch (input_.number() % field_values) {
            case ones:
                return ~std::uint64_t{0};
            case literal_8:
                return input_.number();
            case literal_16:
                return input_.number<std::uint16_t>();
            case literal_32:
                return input_.number<std::uint32_t>();
            case literal_64:
                return input_.number<std::uint64_t>();
            case add_bit:
                return get(field) ^ std::uint64_t{1} << input_.number() % 64;
            case own_answer:
                return answer(answers, input_.number());
            case other_answer: {
                const Client& other = world_.client(input_.number());
                const std::size_t back = input_.number();
                return answers == kNotFedBack ? 0 : other.answers[answers].back(back);
            }
            case negative_8:
                return -std::uint64_t{input_.number()};
            default:
                return 0;
        }
    }
    Body changed_blob() {
        switch (input_.number() % blob_values) {
            case literal_bytes:
                return copy(std::as_bytes(input_.take(input_.number())));
            case many_bytes:
                return Body(input_.number<std::uint16_t>(), std::byte{'x'});
            case known_name:
                return copy(bytes_of(kNames[input_.one_of(kNames.size())]));
            case known_data:
                return fuzz::data_blobs()[input_.one_of(fuzz::data_blobs().size())];
            case several_handles:
                return numbers(input_.number() % 66);
            case objects:
                return passed_objects(input_.number() % 8);
            case kept_objects:
                return kept_results(input_.number() % 8);
            default:
                return {};
        }
    }

    static Body copy(wire::Bytes bytes) { return {bytes.begin(), bytes.end()}; }
    template <class Item>
    static void append(Body& to, const Item& item) {
        const auto bytes = std::as_bytes(std::span(&item, 1));
        to.insert(to.end(), bytes.begin(), bytes.end());
    }
    Body numbers(std::size_t count) {
        Body made;
        for (; count != 0; --count) append(made, answer(kHandles, changing_ ? input_.number() : 0));
        return made;
    }
    Body passed_objects(std::size_t count) {
        Body made;
        for (; count != 0; --count) {
            wire::PassedHandle object;
            object.type = ALPC_PORFLG_OBJECT_TYPE_FILE;
            if (changing_) {
                object.type = std::uint32_t{1} << input_.number() % 32;
                object.value = input_.number();
            }
            append(made, object);
        }
        return made;
    }
    Body kept_results(std::size_t count) {
        Body made;
        for (; count != 0; --count) {
            wire::KeptHandle result;
            result.value = 0x100 + made.size();
            result.type = ALPC_PORFLG_OBJECT_TYPE_EVENT;
            if (changing_) {
                result.type = std::uint32_t{1} << input_.number() % 32;
                result.status = input_.number() % 2 == 0 ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
            }
            append(made, result);
        }
        return made;
    }
    UniqueFd make_descriptor(DescriptorValue kind) {
        static const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
        static const UniqueFd plain(memfd_create("fuzzed", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        static const UniqueFd sealed(memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        static const bool ready = ftruncate(plain.get(), 0x3000) == 0 &&
                                  ftruncate(sealed.get(), 0x3000) == 0 &&
                                  fcntl(sealed.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) == 0;
        require(ready, "there is memory");
        static const UniqueFd read_only(
            open(("/proc/self/fd/" + std::to_string(plain.get())).c_str(), O_RDONLY | O_CLOEXEC));
        switch (kind) {
            case client_end: {
                const Client& other = changing_ ? world_.client(input_.number()) : client_;
                const auto id = other.answers[kHandles].back(changing_ ? input_.number() : 0);
                const Handle* const handle = other.process ? other.process->find(id) : nullptr;
                return handle ? world_.sockets.client_end(*handle) : duplicate(null);
            }
            case sealed_memory:
                return duplicate(sealed);
            case read_only_memory:
                return duplicate(read_only);
            case null_device:
                return duplicate(null);
            default:
                return duplicate(plain);
        }
    }
    static UniqueFd duplicate(const UniqueFd& descriptor) {
        return UniqueFd(fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0));
    }

    void finish() {
        for (std::size_t i = 0; i < blobs_.size(); ++i) {
            const auto size = static_cast<std::uint32_t>(blobs_[i].size());
            std::memcpy(body.data() + info_.blobs[i].size_offset, &size, sizeof(size));
            if (info_.blobs[i].name == std::string_view("data") && !lengths_changed_) set_lengths(size);
            body.insert(body.end(), blobs_[i].begin(), blobs_[i].end());
        }
    }
    void set_lengths(std::size_t size) {
        for (const wire::FieldInfo& field : info_.fields) {
            if (field.name == std::string_view("message.data_length")) set(field, size);
            if (field.name == std::string_view("message.total_length"))
                set(field, size + sizeof(PORT_MESSAGE));
        }
    }

    World& world_;
    Client& client_;
    const wire::Code code_;
    const wire::BodyInfo& info_;
    Input& input_;
    std::vector<Body> blobs_;
    bool changing_ = false;  // what is usual takes nothing from the input
    bool lengths_changed_ = false;
};

}  // namespace ntalpc::server::fuzz
