// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpcctl/access_command.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "alpcctl/usage.h"
#include "client/server_client.h"
#include "events/event.h"
#include "events/text.h"
#include "ntalpc/access_names.h"
#include "ntalpc/status.h"
#include "server/security/sid.h"

namespace ntalpc {

namespace {

struct Question {
    std::string name;
    security::Sid sid;
    bool json = false;
};

Question parse(const std::vector<std::string>& arguments) {
    Question question;
    std::optional<std::string> name, sid;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--json") {
            question.json = true;
        } else if (arguments[i] == "--as" && i + 1 < arguments.size()) {
            sid = arguments[++i];
        } else if (arguments[i].starts_with("--as=")) {
            sid = arguments[i].substr(5);
        } else if (arguments[i].starts_with("-") || name) {
            throw UsageError("access does not know what to do with '" + arguments[i] + "'");
        } else {
            name = arguments[i];
        }
    }
    if (!name) throw UsageError("the object's name is missing");
    if (!sid) throw UsageError("whose access is asked for: --as SID is missing");
    const auto parsed = security::Sid::from_string(*sid);
    if (!parsed) throw UsageError("'" + *sid + "' is no SID, such as S-1-5-32-545");
    question.name = *name;
    question.sid = *parsed;
    return question;
}

// All in one object: a script looks at `granted`, a person at `rights`.
nlohmann::ordered_json result_of(const Question& question, const wire::CheckAccess::Reply& reply,
                                 const wire::CheckAccess::ReplyBlobs& blobs) {
    const std::string type(reinterpret_cast<const char*>(blobs.type_name.data()), blobs.type_name.size());
    const bool found = reply.found == STATUS_SUCCESS;
    nlohmann::ordered_json result;
    result["name"] = found ? utf8_of(blobs.path) : question.name;
    result["as"] = question.sid.to_string();
    result["status"] = status_text(reply.found);
    result["type"] = type;
    result["granted"] = reply.granted;
    result["rights"] = reply.granted == 0 ? "" : access_text(reply.granted, type);
    return result;
}

std::string sentence(const nlohmann::ordered_json& result) {
    const auto text = [&](const char* key) { return result[key].get<std::string>(); };
    if (text("status") == "STATUS_ACCESS_DENIED")
        return text("as") + " may not pass through a directory on the way to " + text("name");
    const std::string rights = result["granted"] == 0 ? "nothing" : text("rights");
    return text("as") + " is granted " + rights + " of " + text("name") + " (" + text("type") + ")";
}

}  // namespace

int run_access_command(const std::string& directory, const std::vector<std::string>& arguments) {
    const Question question = parse(arguments);
    const std::u16string name = utf16_of(question.name);
    const std::vector<std::byte> sid = question.sid.bytes();
    ServerClient client(directory);
    wire::CheckAccess::ReplyBlobs blobs;
    const auto reply =
        client.call<wire::CheckAccess>({}, {.name = std::as_bytes(std::span(name)), .sid = sid}, &blobs);
    if (reply.found != STATUS_SUCCESS && reply.found != STATUS_ACCESS_DENIED) {
        std::fprintf(stderr, "alpcctl: there is no object %s (%s); alpcctl tree shows what there is\n",
                     question.name.c_str(), status_text(reply.found).c_str());
        return 1;
    }
    const nlohmann::ordered_json result = result_of(question, reply, blobs);
    std::puts(question.json ? result.dump(2).c_str() : sentence(result).c_str());
    return 0;
}

}  // namespace ntalpc
