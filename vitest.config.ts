import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Unit and contract tests run from source; what runs as a process of its own (test/e2e) runs the build. */
const alias = [
  { find: /^@meshfed\/core$/, replacement: source("packages/core/src/index.ts") },
  { find: /^@meshfed\/core\/trust$/, replacement: source("packages/core/src/trust/index.ts") },
  { find: /^@meshfed\/core\/gateway$/, replacement: source("packages/core/src/gateway/index.ts") },
  { find: /^@meshfed\/client$/, replacement: source("packages/client/src/index.ts") },
  { find: /^@meshfed\/server$/, replacement: source("packages/server/src/index.ts") },
];

export default defineConfig({
  resolve: { alias },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
