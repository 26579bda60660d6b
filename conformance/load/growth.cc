// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/load/growth.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace ntalpc::load {

double Growth::mean() const {
    double sum = 0;
    for (const Sample& sample : samples_) sum += sample.value;
    return samples_.empty() ? 0 : sum / static_cast<double>(samples_.size());
}

double Growth::total() const {
    if (samples_.size() < 2) return 0;
    double middle = 0;
    for (const Sample& sample : samples_) middle += sample.seconds / static_cast<double>(samples_.size());
    const double mean_value = mean();
    double product = 0, square = 0;
    for (const Sample& sample : samples_) {
        product += (sample.seconds - middle) * (sample.value - mean_value);
        square += (sample.seconds - middle) * (sample.seconds - middle);
    }
    return square == 0 ? 0 : product / square * (samples_.back().seconds - samples_.front().seconds);
}

// What is shared with the process that it was forked from, or is a file, does not count.
double memory_of(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/statm");
    double size = 0, resident = 0, shared = 0;
    file >> size >> resident >> shared;
    return file ? (resident - shared) * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

double descriptors_of(pid_t process) {
    std::error_code gone;
    const std::filesystem::directory_iterator all("/proc/" + std::to_string(process) + "/fd", gone);
    if (gone) return 0;
    return static_cast<double>(std::distance(begin(all), end(all)));
}

}  // namespace ntalpc::load
