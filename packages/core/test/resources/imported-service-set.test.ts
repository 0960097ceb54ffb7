import { expect, test } from "vitest";
import { checkLocality, importedServiceSetType, importLocalityOf } from "../../src/index.js";
import { changed } from "./samples.js";

const region = "spec.locality.region";
const zone = "spec.locality.zone";

test.each([
  ["none", undefined, [], undefined],
  ["an empty one", {}, [], undefined],
  ["a region", { region: "us-west" }, [], { region: "us-west", zone: "", subzone: "" }],
  ["region and zone", { region: "r", zone: "z" }, [], { region: "r", zone: "z", subzone: "" }],
  ["all of it", { region: "r", zone: "z", subzone: "s" }, [], { region: "r", zone: "z", subzone: "s" }],
  ["empty texts are unset", { region: "r", zone: "", subzone: "" }, [], { region: "r", zone: "", subzone: "" }],
  [
    "a zone without region",
    { zone: "z" },
    [[region, "Required", 'missing, expected the region of zone "z"']],
    undefined,
  ],
  [
    "a subzone alone",
    { subzone: "s" },
    [
      [region, "Required", 'missing, expected the region of subzone "s"'],
      [zone, "Required", 'missing, expected the zone of subzone "s"'],
    ],
    undefined,
  ],
  ["a subzone without zone", { region: "r", subzone: "s" }, [[zone, "Required", 'the zone of subzone "s"']], undefined],
  [
    "zone and subzone without region",
    { zone: "z", subzone: "s" },
    [[region, "Required", 'the region of zone "z"']],
    undefined,
  ],
  ["everything in the region", { region: "r/z/s" }, [[region, "Invalid", 'found "r/z/s", expected no "/"']], undefined],
] as const)("a locality with %s (reference §1.3, §10.42)", (_, locality, violations, resolved) => {
  const parsed = importedServiceSetType.parse(changed("ImportedServiceSet", ["spec.locality", locality]));
  expect(parsed.ok).toBe(true);
  expect(parsed.ok && importLocalityOf(parsed.value)).toEqual(resolved);
  expect(checkLocality(locality)).toEqual(
    violations.map(([path, reason, message]) => ({ path, reason, message: expect.stringContaining(message) })),
  );
});
