import { afterAll, beforeAll, describe } from "vitest";
import { describeCreation } from "./resource-store/creation.js";
import { describeDeletion } from "./resource-store/deletion.js";
import { describeGarbageCollection } from "./resource-store/garbage-collection.js";
import { describeLists } from "./resource-store/lists.js";
import { describeModel } from "./resource-store/model.js";
import { describeStatus } from "./resource-store/status.js";
import { type CreateStoreRig, type StoreRig, StoreSuite } from "./resource-store/store-suite.js";
import { describeUpdates } from "./resource-store/updates.js";
import { describeWatches } from "./resource-store/watches.js";

/**
 * The contract of ResourceStore, for any implementation. One store is used for the whole suite and need not be empty: every
 * test works in a namespace of its own, so a shared cluster will do.
 */
export function describeResourceStore(name: string, createRig: CreateStoreRig): void {
  describe(`${name} as a ResourceStore`, () => {
    let rig: StoreRig | undefined;
    beforeAll(async () => {
      rig = await createRig();
    });
    afterAll(async () => {
      await rig?.close();
    });
    const suite = new StoreSuite(() => {
      if (rig === undefined) throw new Error("the store is used before the suite has begun");
      return rig;
    });
    describeCreation(suite);
    describeUpdates(suite);
    describeStatus(suite);
    describeDeletion(suite);
    describeGarbageCollection(suite);
    describeLists(suite);
    describeWatches(suite);
    describeModel(suite);
  });
}
