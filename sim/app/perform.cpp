// Where exceptions end.
#include "sim/app/perform.hpp"

#include "sim/app/output_error.hpp"
#include "sim/base/document_json.hpp"

#include <cerrno>
#include <exception>
#include <iostream>
#include <new>
#include <string>

namespace wanlab::app {

namespace {

ExitStatus complain(const std::string& message, ExitStatus status) {
  std::cerr << "wanlab: " << message << '\n';
  return status;
}

// A place that cannot be written to is the user's to choose; a full or broken disk is not.
ExitStatus status_of(const OutputError& error) {
  const int code = error.code().value();
  return code == ENOSPC || code == EDQUOT || code == EIO ? ExitStatus::internal_error
                                                         : ExitStatus::bad_input;
}

}  // namespace

ExitStatus perform(const Action& action) {
  try {
    return action();
  } catch (const base::InputError& error) {
    return complain(error.what(), ExitStatus::bad_input);
  } catch (const OutputError& error) {
    return complain(error.what(), status_of(error));
  } catch (const std::bad_alloc&) {
    return complain("out of memory", ExitStatus::internal_error);
  } catch (const std::exception& error) {
    return complain(std::string("internal error: ") + error.what(), ExitStatus::internal_error);
  }
}

}  // namespace wanlab::app
