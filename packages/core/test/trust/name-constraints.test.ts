import { describe, expect, test } from "vitest";
import { DerReader, DerTag } from "../../src/trust/der-reader.js";
import { encodeOrganization, readDistinguishedName } from "../../src/trust/distinguished-name.js";
import type { GeneralName } from "../../src/trust/general-name.js";
import { type CertificateNames, findForbiddenName } from "../../src/trust/name-constraints.js";

const uri = (value: string): GeneralName => ({ type: "uri", value });
const dns = (value: string): GeneralName => ({ type: "dns", value });
const ip = (...value: number[]): GeneralName => ({ type: "ip", value: Uint8Array.from(value) });
const noSubject: CertificateNames["subject"] = { encoded: Uint8Array.of(0x30, 0), relativeNames: [] };

const isPermitted = (name: GeneralName, base: GeneralName) =>
  findForbiddenName({ permitted: [base], excluded: [] }, { subject: noSubject, subjectAltNames: [name] }) === undefined;
const isExcluded = (name: GeneralName, base: GeneralName) =>
  findForbiddenName({ permitted: [], excluded: [base] }, { subject: noSubject, subjectAltNames: [name] }) !== undefined;

// RFC 5280 §4.2.1.10 and, for what it leaves open, the safe side: a name that cannot be judged is neither permitted nor
// outside of what is excluded.
describe("findForbiddenName", () => {
  test.each<[name: GeneralName, base: GeneralName, permitted: boolean, excluded: boolean]>([
    [uri("spiffe://red.example/ns/a"), uri("red.example"), true, true],
    [uri("spiffe://red.example/ns/a"), uri("RED.example"), true, true],
    [uri("spiffe://a.red.example/ns/a"), uri("red.example"), false, false],
    [uri("spiffe://a.red.example/ns/a"), uri(".red.example"), true, true],
    [uri("spiffe://red.example/ns/a"), uri(".red.example"), false, false],
    [uri("spiffe://xred.example/ns/a"), uri("red.example"), false, false],
    [uri("https://user@red.example:8443/x?y#z"), uri("red.example"), true, true],
    [uri("https://red.example@evil.example/"), uri("red.example"), false, false],
    [uri("https://evil.example/#@red.example"), uri("red.example"), false, false],
    [uri("spiffe://red.example/ns/a"), uri(""), false, true],
    // No authority, or an address for a host: no constraint can permit them.
    [uri("urn:example:red.example"), uri("red.example"), false, true],
    [uri("https://10.0.0.1/"), uri("10.0.0.1"), false, true],
    [uri("https://[::1]/"), uri("red.example"), false, true],
    [dns("red.example"), dns("red.example"), true, true],
    [dns("a.b.red.example"), dns("red.example"), true, true],
    [dns("A.Red.Example"), dns("rED.example"), true, true],
    [dns("xred.example"), dns("red.example"), false, false],
    [dns("a.red.example"), dns(".red.example"), true, true],
    [dns("red.example"), dns(".red.example"), false, false],
    [dns("anything.at.all"), dns(""), true, true],
    [dns("*.red.example"), dns("red.example"), true, true],
    [dns("*.red.example"), dns("a.red.example"), false, true],
    [dns("*.red.example"), dns("blue.example"), false, false],
    [dns("red.example."), dns("red.example"), false, true],
    [dns("red example"), dns("blue.example"), false, true],
    [ip(10, 1, 2, 3), ip(10, 1, 0, 0, 255, 255, 0, 0), true, true],
    [ip(10, 2, 2, 3), ip(10, 1, 0, 0, 255, 255, 0, 0), false, false],
    [ip(10, 1, 2, 3), ip(10, 1, 0, 0), false, false],
    [{ type: "email", value: "a@red.example" }, { type: "email", value: "red.example" }, false, true],
    [{ type: "other", tag: 0xa0 }, { type: "other", tag: 0xa0 }, false, true],
    // Names of another form than the constraint's are not its business.
    [uri("spiffe://red.example/ns/a"), dns("blue.example"), true, false],
    [dns("red.example"), uri("blue.example"), true, false],
    [{ type: "other", tag: 0xa0 }, { type: "other", tag: 0x88 }, true, false],
  ])("%j under %j: permitted %s, excluded %s", (name, base, permitted, excluded) => {
    expect(isPermitted(name, base)).toBe(permitted);
    expect(isExcluded(name, base)).toBe(excluded);
  });

  test("a name may be in any of several permitted subtrees, and in none of the excluded", () => {
    const permitted = [uri("a.example"), uri("b.example")];
    const names = (value: string) => ({ subject: noSubject, subjectAltNames: [uri(value)] });
    expect(findForbiddenName({ permitted, excluded: [] }, names("spiffe://b.example/x"))).toBeUndefined();
    expect(findForbiddenName({ permitted, excluded: [] }, names("spiffe://c.example/x"))).toContain(
      '"a.example", "b.example"',
    );
    expect(findForbiddenName({ permitted, excluded: permitted }, names("spiffe://b.example/x"))).toContain("excludes");
  });

  test("the subject is a directory name; an empty one is none", () => {
    const subject = readDistinguishedName(new DerReader(encodeOrganization("red")).read(DerTag.sequence));
    const other = readDistinguishedName(new DerReader(encodeOrganization("blue")).read(DerTag.sequence));
    const permitted: GeneralName[] = [{ type: "directory", value: subject.relativeNames }];
    const check = (name: CertificateNames["subject"]) =>
      findForbiddenName({ permitted, excluded: [] }, { subject: name, subjectAltNames: [] });
    expect(check(subject)).toBeUndefined();
    expect(check(other)).toContain("subject");
    expect(check(noSubject)).toBeUndefined();
  });
});
