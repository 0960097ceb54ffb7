// Adds up vitest's JSON reports in a folder and prints `N passed, N failed`; fails when a report is missing, holds a
// failure, or ran no test.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const EXPECTED_REPORTS = 2;
const [folder] = process.argv.slice(2);
const reports = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
const sum = (field) => reports.reduce((total, report) => total + report[field], 0);
const passed = sum("numPassedTests");
const failed = sum("numFailedTests");
if (reports.length < EXPECTED_REPORTS) console.error(`only ${reports.length} of ${EXPECTED_REPORTS} suites reported`);
if (passed === 0 || failed > 0 || reports.length < EXPECTED_REPORTS || reports.some((report) => !report.success)) {
  process.exitCode = 1;
}
console.log(`${passed} passed, ${failed} failed`);
