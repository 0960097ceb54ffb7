import type { Command } from "commander";

/** Adds `meshfed serve`. */
export function registerServe(program: Command): void {
  program.command("serve").description("run the meshes of a cluster");
}
