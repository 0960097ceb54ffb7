// Checks each package as its users get it: packs it, then publint (--strict) and are-the-types-wrong on the tarball.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const packages = ["core", "client", "server"];
const folder = mkdtempSync(join(tmpdir(), "meshfed-pack-"));
let failed = false;

const run = (command, args, options = {}) =>
  execFileSync(command, args, { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8", ...options });

try {
  for (const name of packages) {
    const [packed] = JSON.parse(
      run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: `packages/${name}` }),
    );
    const tarball = join(folder, packed.filename);
    for (const [command, args] of [
      ["publint", ["run", tarball, "--strict"]],
      ["attw", [tarball, "--profile", "esm-only"]],
    ]) {
      try {
        run(command, args);
        console.log(`${packed.name}: ${command} ok`);
      } catch (error) {
        failed = true;
        console.error(`${packed.name}: ${command} failed\n${error.stdout}`);
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (failed) process.exitCode = 1;
