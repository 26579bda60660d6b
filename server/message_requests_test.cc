// SPDX-License-Identifier: LGPL-2.1-or-later
// What can be asked of ports and changed in them.
#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

class PortInformationTest : public KernelTest {
  protected:
    std::int32_t set_flags(std::uint32_t flags) {
        wire::SetPort::Request request;
        request.handle = port_;
        request.port.given = 1;
        request.port.flags = flags;
        return owner_.call<wire::SetPort>(request).status;
    }
    std::uint32_t flags() {
        wire::QueryPort::Request request;
        request.handle = port_;
        return owner_.call<wire::QueryPort>(request).body.flags;
    }

    FakeThread& owner_ = new_process();
    const std::uint64_t port_ = create(owner_, u"\\RPC Control\\port");
};

TEST_F(PortInformationTest, FlagsAreReplacedExceptForThoseOfThePortsNature) {
    EXPECT_EQ(set_flags(ALPC_PORFLG_ALLOW_DUP_OBJECT | ALPC_PORFLG_LPC_MODE | ALPC_PORFLG_WAITABLE_PORT),
              STATUS_SUCCESS);
    EXPECT_EQ(flags(), std::uint32_t{ALPC_PORFLG_ALLOW_DUP_OBJECT});
    EXPECT_EQ(set_flags(ALPC_PORFLG_ALLOW_IMPERSONATION), STATUS_SUCCESS);
    EXPECT_EQ(flags(), std::uint32_t{ALPC_PORFLG_ALLOW_IMPERSONATION});
    EXPECT_EQ(set_flags(ALPC_PORFLG_SYSTEM_PROCESS), STATUS_INVALID_PARAMETER);
    EXPECT_EQ(flags(), std::uint32_t{ALPC_PORFLG_ALLOW_IMPERSONATION});
}

}  // namespace
}  // namespace ntalpc::server
