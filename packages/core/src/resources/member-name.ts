import { z } from "zod";
import { constrained } from "./loose-object.js";
import { describeValue } from "./violations.js";

/** The only name that a ServiceMeshMemberRoll or a ServiceMeshMember may have. */
export const memberName = constrained(z.string(), (name) =>
  name === "default" ? undefined : { reason: "Invalid", message: `found ${describeValue(name)}, expected "default"` },
).describe('"default"');
