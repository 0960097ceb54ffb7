import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RESOURCE_TYPES } from "@meshfed/core";
import { createEmbeddedStore } from "@meshfed/server";
import { ManualClock } from "./manual-clock.js";
import { describeResourceStore } from "./resource-store.js";

describeResourceStore("the embedded store", async () => {
  const directory = await mkdtemp(join(tmpdir(), "meshfed-store-"));
  const store = createEmbeddedStore({ directory, types: RESOURCE_TYPES, clock: new ManualClock() });
  return {
    store,
    modelRuns: 200,
    async close() {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
});
