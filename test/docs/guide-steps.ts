/** Reads a guide as what a reader does with it, in order. */
import { codeBlocks } from "./markdown.ts";

export type GuideStep = { readonly line: number } & (
  | { readonly kind: "save"; readonly file: string; readonly content: string }
  /** Runs until it is stopped, in a terminal of its own. */
  | { readonly kind: "start"; readonly command: string }
  | { readonly kind: "run"; readonly command: string }
  /** `$ command` and what it prints. */
  | { readonly kind: "show"; readonly command: string; readonly output: string }
  /** What the object that the last command showed has to have, in YAML. */
  | { readonly kind: "expect"; readonly content: string }
);

const RUNS_ON = /^(?:npx meshfed serve|node -e)\b/;

/**
 * - `yaml` that begins with a comment that is a path: a file to save; other manifests are examples
 * - `yaml` that begins with `status:`: part of what the command before it shows
 * - `sh`: one command that runs on, or commands to run
 * - `console`: commands after `$`, each with its output
 */
export function guideSteps(text: string): readonly GuideStep[] {
  return codeBlocks(text).flatMap(({ language, text: code, line }): readonly GuideStep[] => {
    switch (language) {
      case "yaml":
        return yamlSteps(code, line);
      case "sh":
        return [{ kind: RUNS_ON.test(code) ? "start" : "run", command: code, line }];
      case "console":
        return consoleSteps(code, line);
      default:
        return [];
    }
  });
}

function yamlSteps(code: string, line: number): readonly GuideStep[] {
  const [, file] = /^# ([\w./-]+\/[\w.-]+\.yaml)\n/.exec(code) ?? [];
  if (file !== undefined) return [{ kind: "save", file, content: code, line }];
  return code.startsWith("status:") ? [{ kind: "expect", content: code, line }] : [];
}

function consoleSteps(code: string, line: number): readonly GuideStep[] {
  return code
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const lines = part.split("\n");
      const last = lines.findIndex((text) => !text.endsWith("\\"));
      const command = lines.slice(0, last + 1).join("\n");
      return { kind: "show", command, output: lines.slice(last + 1).join("\n"), line };
    });
}
