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
        return names_.open({std::u16string(path), rule}, token_, &found_);
    }
    Ref<Thing> add(std::u16string_view path, CaseRule rule = CaseRule::sensitive) {
        auto thing = make_ref<Thing>();
        EXPECT_EQ(insert({std::u16string(path), rule}, *thing), STATUS_SUCCESS);
        return thing;
    }
    std::int32_t try_add(std::u16string_view path, CaseRule rule = CaseRule::sensitive) {
        const auto thing = make_ref<Thing>();
        return insert({std::u16string(path), rule}, *thing);
    }
    std::int32_t insert(const ObjectPath& path, Object& object) {
        return names_.insert(path, {token_, account_}, object);
    }
    security::Token token_ = administrator();
    Ref<QuotaAccount> account_ = make_ref<QuotaAccount>(QuotaLimits{});
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

// ---- Directories that clients have in their own world ----

constexpr std::u16string_view kForeign = u"\\BaseNamedObjects\\one\\two";

ObjectPath in_foreign(std::u16string_view name) {
    return {std::u16string(kForeign) + u'\\' + std::u16string(name), CaseRule::sensitive, kForeign.size()};
}

TEST_F(NamespaceTest, AMirrorLivesAsLongAsSomethingIsInIt) {
    auto thing = make_ref<Thing>(), other = make_ref<Thing>();
    ASSERT_EQ(insert(in_foreign(u"thing"), *thing), STATUS_SUCCESS);
    ASSERT_EQ(insert(in_foreign(u"other"), *other), STATUS_SUCCESS);
    EXPECT_EQ(thing->path(), u"\\BaseNamedObjects\\one\\two\\thing");
    EXPECT_EQ(open(u"\\BaseNamedObjects\\one\\two\\other"), STATUS_SUCCESS) << "by its whole path too";
    found_.reset();
    thing.reset();
    EXPECT_EQ(open(u"\\BaseNamedObjects\\one\\two\\thing"), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(open(u"\\BaseNamedObjects\\one"), STATUS_SUCCESS);
    found_.reset();
    other.reset();
    EXPECT_EQ(open(u"\\BaseNamedObjects\\one"), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(account_->objects(), 0u);
    EXPECT_EQ(account_->message_bytes(), 0u);
}

TEST_F(NamespaceTest, LookingMakesNoMirror) {
    Ref<Object> found;
    EXPECT_EQ(names_.open(in_foreign(u"thing"), token_, &found), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(names_.open(in_foreign(u"three\\thing"), token_, &found), STATUS_OBJECT_PATH_NOT_FOUND);
    EXPECT_EQ(open(u"\\BaseNamedObjects\\one"), STATUS_OBJECT_NAME_NOT_FOUND);
    const auto thing = make_ref<Thing>();
    EXPECT_EQ(insert(in_foreign(u"three\\thing"), *thing), STATUS_OBJECT_PATH_NOT_FOUND);
    EXPECT_EQ(open(u"\\BaseNamedObjects\\one"), STATUS_OBJECT_NAME_NOT_FOUND) << "a failure leaves nothing";
}

TEST_F(NamespaceTest, NamelessDirectoriesAreApart) {
    const ObjectPath in_one{u"thing", CaseRule::sensitive, 0, u"1111"}, in_two{u"thing", {}, 0, u"2222"};
    Ref<Object> found;
    auto thing = make_ref<Thing>();
    EXPECT_EQ(names_.open(in_one, token_, &found), STATUS_OBJECT_NAME_NOT_FOUND);
    ASSERT_EQ(insert(in_one, *thing), STATUS_SUCCESS);
    EXPECT_EQ(insert(in_one, *make_ref<Thing>()), STATUS_OBJECT_NAME_COLLISION);
    EXPECT_EQ(names_.open(in_two, token_, &found), STATUS_OBJECT_NAME_NOT_FOUND);
    ASSERT_EQ(names_.open(in_one, token_, &found), STATUS_SUCCESS);
    EXPECT_EQ(found.get(), thing.get());
    EXPECT_EQ(thing->path(), u"\\thing") << "the id stays a secret";
    found.reset();
    thing.reset();
    EXPECT_EQ(account_->objects(), 0u);
}

TEST_F(NamespaceTest, MirrorsAreOnlyForThoseWhoMayMakeDirectories) {
    const security::Sid user(5, {1000});
    token_ = {};
    token_.user = token_.default_owner = user;
    token_.groups = {{security::sids::kEveryone, security::group::kEnabled}};
    token_.default_dacl = *security::AclWriter().allow(user, security::access::kGenericAll).finish();
    EXPECT_EQ(insert({u"\\KernelObjects\\mine\\thing", CaseRule::sensitive, 19}, *make_ref<Thing>()),
              STATUS_ACCESS_DENIED);
    EXPECT_EQ(insert({u"\\RPC Control\\mine\\thing", CaseRule::sensitive, 17}, *make_ref<Thing>()),
              STATUS_SUCCESS);
}

TEST_F(NamespaceTest, MirrorsAndNamesAreCharged) {
    account_ = make_ref<QuotaAccount>(QuotaLimits{.objects = 1});
    EXPECT_EQ(insert(in_foreign(u"thing"), *make_ref<Thing>()), STATUS_QUOTA_EXCEEDED) << "two mirrors";
    EXPECT_EQ(account_->objects(), 0u);
    account_ = make_ref<QuotaAccount>(QuotaLimits{.message_bytes = 1000});
    const std::u16string longest(0x7000, u'x');
    EXPECT_EQ(try_add(u"\\RPC Control\\" + longest), STATUS_QUOTA_EXCEEDED);
    EXPECT_EQ(try_add(u"\\RPC Control\\short"), STATUS_SUCCESS);
}

TEST_F(NamespaceTest, MirrorsDoNotNestForEver) {
    ObjectPath path{u"\\BaseNamedObjects"};
    for (int i = 0; i < 5000; ++i) path.text += u"\\d";
    path.known = path.text.size();
    path.text += u"\\thing";
    EXPECT_EQ(insert(path, *make_ref<Thing>()), STATUS_OBJECT_NAME_INVALID);
    EXPECT_EQ(account_->objects(), 0u);
}

TEST(Namespace, ANamedObjectMayOutliveIt) {
    const auto thing = make_ref<Thing>();
    {
        Namespace names;
        const security::Token token = administrator();
        const auto account = make_ref<QuotaAccount>(QuotaLimits{});
        ASSERT_EQ(names.insert({u"\\RPC Control\\thing"}, {token, account}, *thing), STATUS_SUCCESS);
    }
    EXPECT_EQ(thing->parent(), nullptr);
    EXPECT_EQ(Thing::alive(), 1u);
}

}  // namespace
}  // namespace ntalpc::server
