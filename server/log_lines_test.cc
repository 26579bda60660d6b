// SPDX-License-Identifier: LGPL-2.1-or-later
// Whoever is refused or hits a limit finds one line in the log that says why. Clients that are dropped are in
// conformance/e2e/server_process.py.
#include "server/kernel_test_support.h"
#include "server/log.h"

namespace ntalpc::server {
namespace {

constexpr std::u16string_view kName = u"\\RPC Control\\logged";

class LogLines : public KernelTest {
  protected:
    LogLines() : KernelTest({.message_bytes = 4096}) { set_log_level(1); }
    ~LogLines() override { set_log_level(0); }

    // The lines about a refusal or a limit that the server writes meanwhile.
    template <class Action>
    static std::vector<std::string> lines(const Action& action) {
        testing::internal::CaptureStderr();
        action();
        std::vector<std::string> found;
        std::istringstream written(testing::internal::GetCapturedStderr());
        for (std::string line; std::getline(written, line);) {
            if (line.find("refused") != line.npos || line.find("limit") != line.npos) found.push_back(line);
        }
        return found;
    }
    static void expect_one(const std::vector<std::string>& lines, std::initializer_list<const char*> words) {
        ASSERT_EQ(lines.size(), 1u) << testing::PrintToString(lines);
        for (const char* const word : words) EXPECT_NE(lines[0].find(word), std::string::npos) << lines[0];
    }
};

TEST_F(LogLines, AConnectThatFindsNoPort) {
    FakeThread& client = new_process();
    expect_one(lines([&] {
                   start_connect(client, kName, kSync);
                   EXPECT_EQ(client.take<wire::ConnectPort>().status, STATUS_OBJECT_NAME_NOT_FOUND);
               }),
               {"(test) connects to \\RPC Control\\logged: refused, there is nothing of that name",
                "STATUS_OBJECT_NAME_NOT_FOUND"});
}

TEST_F(LogLines, AConnectThatTheServerRefuses) {
    FakeThread &server = new_process(), &client = new_process();
    const auto listener = create(server, kName);
    expect_one(lines([&] {
                   start_connect(client, kName, kSync);
                   const auto request = receive(server, listener);
                   answer_connect(server, listener, request.body.message.message_id, false);
                   EXPECT_EQ(client.take<wire::ConnectPort>().status, STATUS_PORT_CONNECTION_REFUSED);
               }),
               {"refused connection", "(test): the server did not accept it"});
}

TEST_F(LogLines, AServerThatIsNotWhomTheClientRequires) {
    FakeThread &server = new_process(), &client = new_process();
    create(server, kName);
    const auto wanted = security::sids::kSystem.bytes();
    expect_one(lines([&] {
                   wire::LpcConnectPort::Request request;
                   client.start<wire::LpcConnectPort>(
                       request, {.name = bytes_of(kName), .information = {}, .required_sid = wanted});
                   EXPECT_EQ(client.take<wire::LpcConnectPort>().status, STATUS_SERVER_SID_MISMATCH);
               }),
               {"its server is not whom the client requires"});
}

TEST_F(LogLines, AQuotaThatIsHit) {
    const Pair pair = connected_pair();
    expect_one(lines([&] {
                   std::int32_t status;
                   while ((status = send(*pair.client, pair.client_port, std::string(1000, 'x')).status) ==
                          STATUS_SUCCESS) {
                   }
                   EXPECT_EQ(status, STATUS_QUOTA_EXCEEDED);
               }),
               {"(test) hits a limit in send_wait_receive: STATUS_QUOTA_EXCEEDED"});
}

}  // namespace
}  // namespace ntalpc::server
