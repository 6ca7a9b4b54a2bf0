// Runs the wanlab binary as a user would: own process, own folder, captured output.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wanlab::app {

struct Outcome {
  int status = -1;  // exit status; -1 when killed by a signal
  std::string out, err;
};

// A folder of its own for each test, removed afterwards.
class CommandTest : public testing::Test {
 protected:
  CommandTest() {
    const std::string pattern =
        (std::filesystem::temp_directory_path() / "wanlab-test-XXXXXX").string();
    std::vector<char> buffer(pattern.begin(), pattern.end());
    buffer.push_back('\0');
    folder_ = ::mkdtemp(buffer.data());
  }
  ~CommandTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Outcome wanlab(const std::vector<std::string>& arguments) { return wait_for(start(arguments)); }

  pid_t start(const std::vector<std::string>& arguments) {
    std::vector<std::string> words{WANLAB_BINARY};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return start_program(std::move(words));
  }

  // The first word is the path of the program.
  pid_t start_program(std::vector<std::string> words) {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      redirect("stdout", STDOUT_FILENO);
      redirect("stderr", STDERR_FILENO);
      if (::chdir(folder_.c_str()) == 0) ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
    return child;
  }

  Outcome wait_for(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content("stdout"), content("stderr")};
  }

  std::string content(const std::filesystem::path& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  bool exists(const std::filesystem::path& name) const {
    return std::filesystem::exists(folder_ / name);
  }
  static std::string scenario(const std::string& name) {
    return std::string(WANLAB_SOURCE_DIR) + "/scenarios/" + name + ".json";
  }

  std::filesystem::path folder_;

 private:
  void redirect(const char* name, int descriptor) const {
    const int file =
        ::open((folder_ / name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ::dup2(file, descriptor);
  }
};

}  // namespace wanlab::app
