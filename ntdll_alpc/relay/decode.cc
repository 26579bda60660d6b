// SPDX-License-Identifier: LGPL-2.1-or-later
#include "relay/decode.h"

#include <string_view>

#include "ntalpc/access_names.h"
#include "ntalpc/status.h"
#include "relay/structures.h"
#include "relay/values.h"

namespace ntalpc::relay {

namespace {

std::string scalar_text(std::string_view type, NameSet names, std::uint64_t value) {
    if (type == "BOOLEAN") return value & 0xFF ? "TRUE" : "FALSE";
    if (type == "ACCESS_MASK") return access_text(static_cast<std::uint32_t>(value));
    if (type == "NTSTATUS") return status_text(static_cast<std::int32_t>(value));
    if (names != NameSet::none) return named_text(static_cast<std::uint32_t>(value), names);
    if (type == "ULONG") return std::to_string(static_cast<std::uint32_t>(value));
    if (type == "SIZE_T") return std::to_string(value);
    return value == 0 ? "NULL" : hex_text(value);
}

std::string input_text(const RelayArgument& argument, std::uint64_t value) {
    const Decoder decode = find_decoder(argument.type);
    if (!decode || value == 0 || argument.direction == RelayDirection::out)
        return scalar_text(argument.type, argument.names, value);
    return decode(value);
}

bool is_length(std::string_view type) {
    return type == "PULONG" || type == "PSIZE_T";
}

}  // namespace

std::string arguments_text(const RelayCall& call, std::span<const std::uint64_t> values) {
    Fields fields;
    for (std::size_t i = 0; i < call.arguments.size(); ++i)
        fields.add(call.arguments[i].name, input_text(call.arguments[i], values[i]));
    return fields.text();
}

std::string result_text(const RelayCall& call, std::uint64_t result) {
    return call.result_type == std::string_view("void")
               ? std::string()
               : scalar_text(call.result_type, NameSet::none, result);
}

std::string outputs_text(const RelayCall& call, std::span<const std::uint64_t> values, std::uint64_t result) {
    const bool succeeded = call.result_type != std::string_view("NTSTATUS") ||
                           static_cast<std::int32_t>(result) == STATUS_SUCCESS;
    Fields fields;
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
        const RelayArgument& argument = call.arguments[i];
        if (argument.direction == RelayDirection::in || values[i] == 0) continue;
        const Decoder decode = find_decoder(argument.type);
        if (decode && (succeeded || is_length(argument.type))) fields.add(argument.name, decode(values[i]));
    }
    return fields.text();
}

}  // namespace ntalpc::relay
