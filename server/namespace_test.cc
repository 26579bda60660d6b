// SPDX-License-Identifier: LGPL-2.1-or-later
// Paths: the standard tree, links, what is wrong with a wrong path, names and the end of their objects.
#include "server/namespace.h"

#include <gtest/gtest.h>

#include "ntalpc/status.h"

namespace ntalpc::server {
namespace {

constexpr ObjectType kThingType = {"Thing", 99, 0, {}};

class Thing final : public Object, public Counted<Thing> {
  public:
    const ObjectType& type() const override { return kThingType; }
};

security::Token administrator() {
    security::Token token;
    token.groups = {{security::sids::kAdministrators, security::group::kEnabled}};
    return token;
}

class NamespaceTest : public testing::Test {
  protected:
    std::int32_t open(std::u16string_view path, CaseRule rule = CaseRule::sensitive) {
        found_.reset();
        return names_.open(path, rule, token_, &found_);
    }
    Ref<Thing> add(std::u16string_view path, CaseRule rule = CaseRule::sensitive) {
        auto thing = make_ref<Thing>();
        EXPECT_EQ(names_.insert(path, rule, token_, *thing), STATUS_SUCCESS);
        return thing;
    }
    std::int32_t try_add(std::u16string_view path, CaseRule rule = CaseRule::sensitive) {
        const auto thing = make_ref<Thing>();
        return names_.insert(path, rule, token_, *thing);
    }
    security::Token token_ = administrator();
    Namespace names_;
    Ref<Object> found_;
};

TEST_F(NamespaceTest, TheStandardTreeIsThere) {
    for (const char16_t* path :
         {u"\\", u"\\RPC Control", u"\\Windows", u"\\BaseNamedObjects", u"\\KernelObjects", u"\\Security",
          u"\\Sessions\\0\\DosDevices", u"\\Sessions\\1\\Windows", u"\\Sessions\\1\\BaseNamedObjects",
          u"\\BaseNamedObjects\\Restricted"}) {
        EXPECT_EQ(open(path), STATUS_SUCCESS);
        EXPECT_EQ(found_->type().code, kDirectoryType.code);
    }
}

TEST_F(NamespaceTest, AnObjectIsFoundByItsPath) {
    const auto thing = add(u"\\RPC Control\\thing");
    ASSERT_EQ(open(u"\\RPC Control\\thing"), STATUS_SUCCESS);
    EXPECT_EQ(found_.get(), thing.get());
    EXPECT_EQ(thing->path(), u"\\RPC Control\\thing");
    EXPECT_EQ(thing->name(), u"thing");
}

TEST_F(NamespaceTest, WrongPathsSayWhatIsWrong) {
    const auto thing = add(u"\\RPC Control\\thing");
    EXPECT_EQ(open(u""), STATUS_OBJECT_NAME_INVALID);
    EXPECT_EQ(open(u"RPC Control"), STATUS_OBJECT_PATH_SYNTAX_BAD);
    EXPECT_EQ(open(u"\\\\RPC Control"), STATUS_OBJECT_NAME_INVALID);
    EXPECT_EQ(open(u"\\RPC Control\\"), STATUS_OBJECT_NAME_INVALID);
    EXPECT_EQ(open(u"\\RPC Control\\\\thing"), STATUS_OBJECT_NAME_INVALID);
    EXPECT_EQ(open(u"\\RPC Control\\other"), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(open(u"\\No\\thing"), STATUS_OBJECT_PATH_NOT_FOUND);
    EXPECT_EQ(open(u"\\RPC Control\\thing\\child"), STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_EQ(try_add(u"\\"), STATUS_OBJECT_NAME_COLLISION);
    EXPECT_EQ(try_add(u"\\RPC Control"), STATUS_OBJECT_NAME_COLLISION);
    EXPECT_EQ(try_add(u"\\No\\thing"), STATUS_OBJECT_PATH_NOT_FOUND);
}

TEST_F(NamespaceTest, NamesMayDifferByCaseOnly) {
    const auto lower = add(u"\\RPC Control\\thing");
    const auto upper = add(u"\\RPC Control\\THING");
    EXPECT_EQ(try_add(u"\\RPC Control\\Thing", CaseRule::insensitive), STATUS_OBJECT_NAME_COLLISION);
    ASSERT_EQ(open(u"\\RPC Control\\THING", CaseRule::insensitive), STATUS_SUCCESS);
    EXPECT_EQ(found_.get(), upper.get()) << "an exact match wins";
    EXPECT_EQ(open(u"\\rpc control\\tHING", CaseRule::insensitive), STATUS_SUCCESS);
    EXPECT_EQ(open(u"\\RPC Control\\tHING"), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(open(u"\\rpc control\\thing"), STATUS_OBJECT_PATH_NOT_FOUND);
}

TEST_F(NamespaceTest, CaseIsFoldedBeyondAscii) {
    const auto thing = add(u"\\RPC Control\\gr\u00FC\u00DFe \u0434\u0430");
    EXPECT_EQ(open(u"\\RPC Control\\GR\u00DC\u00DFE \u0414\u0410", CaseRule::insensitive), STATUS_SUCCESS);
    EXPECT_EQ(upcase(u"a\xD801\xDC37z"), u"A\xD801\xDC37Z") << "one unit at a time";
}

TEST_F(NamespaceTest, LinksAreFollowed) {
    const auto thing = add(u"\\BaseNamedObjects\\thing");
    for (const char16_t* path : {u"\\BaseNamedObjects\\Global\\thing", u"\\Sessions\\BNOLINKS\\0\\thing",
                                 u"\\Sessions\\1\\BaseNamedObjects\\Global\\thing",
                                 u"\\Sessions\\1\\BaseNamedObjects\\Session\\0\\Local\\thing"}) {
        ASSERT_EQ(open(path), STATUS_SUCCESS);
        EXPECT_EQ(found_.get(), thing.get());
    }
    ASSERT_EQ(open(u"\\DosDevices"), STATUS_SUCCESS);
    EXPECT_EQ(found_->path(), u"\\GLOBAL??");
    const auto local = add(u"\\Sessions\\1\\BaseNamedObjects\\Local\\mine");
    EXPECT_EQ(local->path(), u"\\Sessions\\1\\BaseNamedObjects\\mine");
}

TEST_F(NamespaceTest, ALoopOfLinksEnds) {
    names_.root().adopt(u"loop", Ref<Object>(make_ref<SymbolicLink>(u"\\loop").get()));
    EXPECT_EQ(open(u"\\loop"), STATUS_OBJECT_NAME_INVALID);
    EXPECT_EQ(open(u"\\loop\\thing"), STATUS_OBJECT_NAME_INVALID);
    EXPECT_EQ(try_add(u"\\loop"), STATUS_OBJECT_NAME_INVALID);
}

TEST_F(NamespaceTest, SessionsAreMadeOnce) {
    names_.add_session(7);
    const auto thing = add(u"\\Sessions\\7\\BaseNamedObjects\\thing");
    names_.add_session(7);
    EXPECT_EQ(open(u"\\Sessions\\BNOLINKS\\7\\thing"), STATUS_SUCCESS);
    EXPECT_EQ(open(u"\\Sessions\\8"), STATUS_OBJECT_NAME_NOT_FOUND);
}

TEST_F(NamespaceTest, AnObjectLosesItsNameWithItsLastHandle) {
    const auto thing = add(u"\\RPC Control\\thing");
    thing->handle_opened();
    thing->handle_opened();
    thing->handle_closed();
    EXPECT_EQ(open(u"\\RPC Control\\thing"), STATUS_SUCCESS);
    found_.reset();
    thing->handle_closed();
    EXPECT_EQ(open(u"\\RPC Control\\thing"), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_TRUE(thing->path().empty());
    EXPECT_EQ(try_add(u"\\RPC Control\\thing"), STATUS_SUCCESS) << "the name is free again";
}

TEST_F(NamespaceTest, DirectoriesKeepTheirNamesWithoutHandles) {
    ASSERT_EQ(open(u"\\RPC Control"), STATUS_SUCCESS);
    found_->handle_opened();
    found_->handle_closed();
    EXPECT_EQ(open(u"\\RPC Control"), STATUS_SUCCESS);
}

TEST(Namespace, ANamedObjectMayOutliveIt) {
    const auto thing = make_ref<Thing>();
    {
        Namespace names;
        ASSERT_EQ(names.insert(u"\\RPC Control\\thing", CaseRule::sensitive, administrator(), *thing),
                  STATUS_SUCCESS);
    }
    EXPECT_EQ(thing->parent(), nullptr);
    EXPECT_EQ(Thing::alive(), 1u);
}

}  // namespace
}  // namespace ntalpc::server
