#!/usr/bin/env node
import { text } from "node:stream/consumers";
import { runProgram } from "./program.js";

// A reader that has seen enough (`meshfed get ... | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
  note: (line) => process.stderr.write(`${line}\n`),
  readInput: () => text(process.stdin),
});
