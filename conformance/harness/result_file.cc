// SPDX-License-Identifier: LGPL-2.1-or-later
// Writing the result, see result_file.h. One test, and one observation of a test, is a line.
#include "conformance/harness/result_file.h"

#include <fstream>

#include "conformance/harness/json.h"
#include "conformance/harness/test.h"

namespace ntalpc::conformance {

namespace {

std::string utc(std::time_t time) {
    char text[40];
    std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&time));
    return text;
}

std::string describe(const SystemFacts& system) {
    return JsonObject()
        .text("kind", system.kind)
        .text("version", system.version)
        .number("build", system.build)
        .text("edition", system.edition)
        .text("wine_version", system.wine_version)
        .text("layer", system.layer)
        .text("machine", system.machine)
        .flag("elevated", system.elevated)
        .str();
}

std::string describe_entry_points() {
    JsonObject object;
    for (const EntryPointState& entry : entry_points()) object.flag(entry.name, entry.there);
    return object.str();
}

std::string lines(const std::vector<std::string>& objects) {
    std::string text;
    for (const std::string& object : objects) text += (text.empty() ? "\n    " : ",\n    ") + object;
    return "[" + text + "]";
}

std::string describe(const TestResult& result) {
    const Claim& claim = claim_of(result.test);
    JsonObject object;
    object.text("test", result.test)
        .text("id", claim.id)
        .text("source", claim.source)
        .text("confidence", claim.confidence)
        .text("outcome", result.outcome);
    // Both come from JSON of the recorder's, or contain nothing to escape.
    object.raw("reason", "\"" + result.reason + "\"");
    object.number("duration_ms", result.milliseconds);
    object.raw("failures", lines(result.failures));
    object.raw("observations", lines(result.observations));
    return object.str();
}

}  // namespace

bool write_result(const Options& options, const RunFacts& run, const std::vector<TestResult>& results) {
    std::ofstream file(options.output, std::ios::binary);
    file << "{\"format\": \"ntalpc conformance result\",\n\"format_version\": 1,\n";
    file << "\"program\": {\"version\": \"" << NTALPC_VERSION << "\", \"bits\": " << 8 * sizeof(void*)
         << "},\n";
    file << "\"system\": " << describe(run.system) << ",\n";
    file << "\"started\": \"" << utc(run.started) << "\",\n\"duration_ms\": " << run.milliseconds << ",\n";
    file << "\"limit_seconds\": " << options.limit.count() << ",\n";
    file << "\"entry_points\": " << describe_entry_points() << ",\n\"tests\": [";
    const char* separator = "\n  ";
    for (const TestResult& result : results) {
        file << separator << describe(result);
        separator = ",\n  ";
    }
    file << "\n]}\n";
    file.close();
    return !file.fail();
}

}  // namespace ntalpc::conformance
