// SPDX-License-Identifier: LGPL-2.1-or-later
// For requests_fuzz.cc: what the fields and data of requests hold when nobody wants to do harm.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "ntalpc/lpc_action.h"
#include "ntalpc/ntlpcapi.h"
#include "server/fuzz_clients.h"
#include "server/fuzz_format.h"
#include "server/security/acl.h"
#include "server/security/security_descriptor.h"
#include "server/security/token.h"

namespace ntalpc::server::fuzz {

using Body = std::vector<std::byte>;

// By the name of a field, behind its last dot too.
inline const std::map<std::string_view, std::uint64_t> kUsualNumbers = {
    {"timeout", ~std::uint64_t{0}},
    {"port.given", 1},
    {"port.max_message_length", 0x1000},
    {"port.flags", ALPC_PORFLG_ALLOW_IMPERSONATION | ALPC_PORFLG_ALLOW_LPC_REQUESTS |
                       ALPC_PORFLG_ALLOW_DUP_OBJECT | ALPC_PORFLG_ALLOW_MULTIHANDLE_ATTRIBUTE |
                       ALPC_PORFLG_DIRECT_MESSAGE},
    {"port.dup_object_types", 0xFFFFFFFF},
    {"port.qos_level", 2},
    {"has_message", 1},
    {"has_receive", 1},
    {"reply_capacity", 0x1000},
    {"receive_capacity", 0x1000},
    {"receive_attributes.allocated", ALPC_MESSAGE_ATTRIBUTE_ALL},
    {"accept", 1},
    {"size", 0x1000},
    {"view_size", 0x1000},
    {"message_size", 0x100},
    {"room", 0x1000},
    {"most", 16},
    {"what", 0x7F},
    {"access", 0x1F0001},
    {"information", 0x7},
    {"level", 2},
    {"qos_level", 2},
    {"cookie", 1},
    {"connection", 1},
    {"payload_limit", 16},
    {"attribute_size", 0x100},
    {"attribute_flags", ALPC_MESSAGE_ATTRIBUTE_ALL},
    {"ok", 1},
    {"keeper_started", 1},
    {"count", 1},
};

// Fields that requests about a new message leave 0, although there may be an answer to be fed back.
inline bool is_of_new_message(std::string_view field) {
    return field.starts_with("message.") || field.starts_with("send_attributes.") ||
           field.starts_with("receive_attributes.");
}

struct Difference {
    wire::Code code;
    Shape shape;
    std::string_view field;
    std::uint64_t value;
    bool fed_back = false;  // the last answer rather than the value
};

// Requests that have several uses.
inline constexpr std::uint64_t kDatagram = static_cast<std::uint64_t>(LpcAction::datagram);
inline const std::array kShapes = {
    // A receive that does not wait; a datagram, a request, a reply.
    Difference{wire::Code::send_wait_receive, usual, "timeout", 0},
    Difference{wire::Code::send_wait_receive, second, "has_send", 1},
    Difference{wire::Code::send_wait_receive, second, "has_receive", 0},
    Difference{wire::Code::send_wait_receive, second, "flags", ALPC_MSGFLG_RELEASE_MESSAGE},
    Difference{wire::Code::send_wait_receive, third, "has_send", 1},
    Difference{wire::Code::send_wait_receive, third, "flags", ALPC_MSGFLG_SYNC_REQUEST},
    Difference{wire::Code::send_wait_receive, fourth, "has_send", 1},
    Difference{wire::Code::send_wait_receive, fourth, "has_receive", 0},
    Difference{wire::Code::send_wait_receive, fourth, "flags", ALPC_MSGFLG_RELEASE_MESSAGE},
    Difference{wire::Code::send_wait_receive, fourth, "message.message_id", 0, true},
    Difference{wire::Code::connect_port, usual, "flags", ALPC_MSGFLG_SYNC_REQUEST},
    Difference{wire::Code::accept_port, usual, "message.message_id", 0, true},
    Difference{wire::Code::accept_port, second, "message.message_id", 0, true},
    Difference{wire::Code::accept_port, second, "accept", 0},
    Difference{wire::Code::cancel_message, usual, "context.message_id", 0, true},
    Difference{wire::Code::cancel_message, second, "context.message_id", 0, true},
    Difference{wire::Code::cancel_message, second, "flags", ALPC_CANCELFLG_TRY_CANCEL},
    Difference{wire::Code::lpc_message, usual, "action", 0u | LpcAction::receive},
    Difference{wire::Code::lpc_message, usual, "timeout", 0},
    Difference{wire::Code::lpc_message, second, "action", LpcAction::request | LpcAction::wait_reply},
    Difference{wire::Code::lpc_message, third, "action", 0u | LpcAction::reply},
    Difference{wire::Code::lpc_message, third, "message.message_id", 0, true},
    Difference{wire::Code::lpc_message, third, "message.process_id", 0, true},
    Difference{wire::Code::lpc_message, third, "message.thread_id", 0, true},
    Difference{wire::Code::lpc_message, fourth, "action", LpcAction::callback | LpcAction::wait_reply},
    Difference{wire::Code::lpc_message, fourth, "message.message_id", 0, true},
    Difference{wire::Code::lpc_message, fourth, "message.process_id", 0, true},
    Difference{wire::Code::lpc_message, fourth, "message.thread_id", 0, true},
    Difference{wire::Code::lpc_connect_port, second, "has_view", 1},
    Difference{wire::Code::create_port, second, "port.flags",
               ALPC_PORFLG_LPC_MODE | ALPC_PORFLG_WAITABLE_PORT},
    Difference{wire::Code::attach_handles, second, "by_value", 1},
};

inline const std::array<std::u16string_view, 8> kNames = {
    u"\\RPC Control\\a", u"\\RPC Control\\b",          u"", u"\\RPC Control\\A", u"\\BaseNamedObjects\\a",
    u"\\a\\b\\c",        u"\\Sessions\\2\\Windows\\a", u"a"};

// SIDs, descriptors and tokens.
inline const std::vector<Body>& data_blobs() {
    static const std::vector<Body> all = [] {
        std::vector<Body> made;
        for (const unsigned kind : {0u, 1u, 3u})
            made.push_back(security::Sid(5, {21, 1, 2, 3, 1000 + kind}).bytes());
        security::SecurityDescriptor descriptor;
        made.push_back(descriptor.encode());  // without a DACL: for everybody
        descriptor.owner = security::sids::kAdministrators;
        made.push_back(descriptor.encode());
        security::Token token;
        token.user = security::Sid(5, {21, 1, 2, 3, 1000});
        made.push_back(security::encode(token));
        token.type = security::TokenType::impersonation;
        token.level = security::ImpersonationLevel::impersonation;
        made.push_back(security::encode(token));
        return made;
    }();
    return all;
}

// What the fields of a request usually hold: a number, or an answer of this kind.
struct UsualField {
    std::uint64_t number = 0;
    std::size_t answers = kNotFedBack;
};
using UsualFields = std::vector<UsualField>;

inline UsualField usual_field(std::string_view name) {
    if (const auto found = kUsualNumbers.find(name); found != kUsualNumbers.end())
        return {.number = found->second};
    return is_of_new_message(name) ? UsualField{} : UsualField{.answers = answers_for(name)};
}

inline std::array<UsualFields, shapes> usual_fields_of(std::size_t code) {
    std::array<UsualFields, shapes> made;
    for (std::size_t shape = 0; shape < shapes; ++shape) {
        for (const wire::FieldInfo& field : wire::kRequestInfos[code].request.fields) {
            UsualField usual_one = usual_field(field.name);
            for (const Difference& difference : kShapes) {
                if (static_cast<std::size_t>(difference.code) != code || difference.shape != shape) continue;
                if (difference.field != field.name) continue;
                usual_one = {.number = difference.value};
                if (difference.fed_back) usual_one.answers = answers_for(field.name);
            }
            made[shape].push_back(usual_one);
        }
    }
    return made;
}

// By code and shape: looked up once.
inline const UsualFields& usual_fields(std::size_t code, std::size_t shape) {
    static const auto all = [] {
        std::array<std::array<UsualFields, shapes>, wire::kCodeCount> made;
        for (std::size_t i = 0; i < made.size(); ++i) made[i] = usual_fields_of(i);
        return made;
    }();
    return all[code][shape];
}

}  // namespace ntalpc::server::fuzz
