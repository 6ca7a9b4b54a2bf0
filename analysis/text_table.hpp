// A table of aligned columns in plain text. Widths follow the longest cell; no line ends in spaces.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wanlab::analysis {

enum class Align : std::uint8_t { left, right };

class TextTable {
 public:
  struct Column {
    std::string title;  // all titles empty: no title line
    Align align = Align::left;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // As many cells as there are columns.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }

  // Every line starts with `indent`. Beyond `most_rows`, one last line tells how many were left
  // out.
  std::string text(const std::string& indent, std::size_t most_rows) const;

 private:
  std::string line(const std::vector<std::string>& cells,
                   const std::vector<std::size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace wanlab::analysis
