// A page is a frame of HTML with places for its parts; here they are put in, safely.
#pragma once

#include <string>
#include <string_view>

namespace wanlab::analysis {

// As text of HTML.
std::string escaped(std::string_view text);
// JSON inside a script element: nothing in it may look like the element's end or a comment.
std::string inside_script(std::string_view json);

// Replaces each {{name}} of the frame, once and in the order of the frame; the parts themselves are
// not looked into.
class PageFrame {
 public:
  explicit PageFrame(std::string_view frame) : rest_(frame) {}

  void fill(std::string_view name, std::string_view part);
  std::string finish();

 private:
  std::string_view rest_;
  std::string out_;
};

}  // namespace wanlab::analysis
