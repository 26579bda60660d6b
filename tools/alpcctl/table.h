// SPDX-License-Identifier: LGPL-2.1-or-later
// Rows of named values, printed as aligned columns or as a JSON array of objects.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace ntalpc {

class Table {
  public:
    using Cell = std::variant<std::string, std::uint64_t>;

    explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}
    void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
    bool empty() const { return rows_.empty(); }

    // Column names are the keys of the objects. Numbers stand to the right.
    std::string text() const;
    std::string json() const;

  private:
    const std::vector<std::string> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace ntalpc
