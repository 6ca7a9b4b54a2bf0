#include "real_components/hosting/etcd/etcd_setup.hpp"

#include "real_components/control/store.hpp"
#include "real_components/hosting/etcd/etcd_connection.hpp"

namespace wanlab::hosting {
namespace {

class Setup {
 public:
  explicit Setup(const EtcdOptions& where)
      : timeout_(where.request_timeout),
        auth_(etcdserverpb::Auth::NewStub(member_channel(where, where.members.at(0)))) {}

  template <typename Request, typename Response>
  void run(grpc::Status (etcdserverpb::Auth::Stub::*method)(grpc::ClientContext*, const Request&,
                                                            Response*),
           const Request& request, const std::string& what) {
    grpc::ClientContext context;
    context.set_deadline(time_after(timeout_));
    context.set_wait_for_ready(true);
    Response response;
    const grpc::Status status = (auth_.get()->*method)(&context, request, &response);
    if (!status.ok()) throw EtcdSetupError("etcd: " + what + ": " + status.error_message());
  }

  void add_user(const std::string& name, const std::string& password, const std::string& role) {
    etcdserverpb::AuthUserAddRequest user;
    user.set_name(name);
    user.set_password(password);
    run(&etcdserverpb::Auth::Stub::UserAdd, user, "cannot add user " + name);
    etcdserverpb::AuthUserGrantRoleRequest grant;
    grant.set_user(name);
    grant.set_role(role);
    run(&etcdserverpb::Auth::Stub::UserGrantRole, grant, "cannot grant user " + name + " a role");
  }

  void add_role(const EtcdUser& user) {
    etcdserverpb::AuthRoleAddRequest role;
    role.set_name(user.name);
    run(&etcdserverpb::Auth::Stub::RoleAdd, role, "cannot add role " + user.name);
    etcdserverpb::AuthRoleGrantPermissionRequest grant;
    grant.set_name(user.name);
    etcdserverpb::Permission& permission = *grant.mutable_perm();
    permission.set_perm_type(user.may_write ? etcdserverpb::Permission::READWRITE
                                            : etcdserverpb::Permission::READ);
    permission.set_key(user.prefix);
    permission.set_range_end(control::prefix_end(user.prefix));
    run(&etcdserverpb::Auth::Stub::RoleGrantPermission, grant,
        "cannot grant role " + user.name + " its keys");
  }

 private:
  Duration timeout_;
  std::unique_ptr<etcdserverpb::Auth::Stub> auth_;
};

}  // namespace

void enable_authentication(const EtcdOptions& where, const std::string& root_password,
                           const std::vector<EtcdUser>& users) {
  Setup setup(where);
  etcdserverpb::AuthRoleAddRequest root;
  root.set_name("root");
  setup.run(&etcdserverpb::Auth::Stub::RoleAdd, root, "cannot add role root");
  setup.add_user("root", root_password, "root");
  for (const EtcdUser& user : users) {
    setup.add_role(user);
    setup.add_user(user.name, user.password, user.name);
  }
  setup.run(&etcdserverpb::Auth::Stub::AuthEnable, etcdserverpb::AuthEnableRequest(),
            "cannot enable authentication");
}

}  // namespace wanlab::hosting
