import { X509Certificate } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { expect, it } from "vitest";
import { ManualClock } from "../../../../test/conformance/manual-clock.js";
import { ensureServingIdentity } from "../../src/api/auth/serving-identity.js";
import { startApi, temporaryDirectory } from "./api-rig.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const NAMES = ["localhost", "127.0.0.1", "::1"];

it("serves a certificate for loopback that its authority signed", async () => {
  const clock = new ManualClock();
  const identity = await ensureServingIdentity({ directory: temporaryDirectory(), names: NAMES, clock });
  const leaf = new X509Certificate(identity.certificate);
  const authority = new X509Certificate(identity.certificateAuthority);
  expect(leaf.subjectAltName?.split(", ")).toEqual([
    "DNS:localhost",
    "IP Address:127.0.0.1",
    "IP Address:0:0:0:0:0:0:0:1",
  ]);
  expect(leaf.checkIssued(authority) && leaf.verify(authority.publicKey)).toBe(true);
  expect(authority.ca).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.keyUsage, "extended key usage: for servers only").toEqual(["1.3.6.1.5.5.7.3.1"]);
});

it("keeps the certificate over a restart, and renews it when a third of its time is left", async () => {
  const clock = new ManualClock();
  const directory = temporaryDirectory();
  const first = await ensureServingIdentity({ directory, names: NAMES, clock });
  clock.advance(59 * DAY_MS);
  expect(await ensureServingIdentity({ directory, names: NAMES, clock })).toEqual(first);
  clock.advance(2 * DAY_MS);
  const renewed = await ensureServingIdentity({ directory, names: NAMES, clock });
  expect(renewed.certificate).not.toBe(first.certificate);
  expect(renewed.certificateAuthority).toBe(first.certificateAuthority);
});

it.each([
  ["a name is missing in it", (_directory: string) => undefined, [...NAMES, "192.0.2.7"]],
  ["its file is gone", (directory: string) => rmSync(join(directory, "server.crt")), NAMES],
  ["its file is damaged", (directory: string) => writeFileSync(join(directory, "server.crt"), "damaged"), NAMES],
  ["its key is damaged", (directory: string) => writeFileSync(join(directory, "server.key"), "damaged"), NAMES],
])("makes the certificate anew when %s", async (_name, damage, names) => {
  const clock = new ManualClock();
  const directory = temporaryDirectory();
  const first = await ensureServingIdentity({ directory, names: NAMES, clock });
  damage(directory);
  const second = await ensureServingIdentity({ directory, names, clock });
  expect(second.certificate).not.toBe(first.certificate);
  const leaf = new X509Certificate(second.certificate);
  expect(leaf.verify(new X509Certificate(first.certificateAuthority).publicKey)).toBe(true);
  for (const name of names) expect(leaf.checkHost(name) ?? leaf.checkIP(name), name).toBe(name);
});

it.each([
  ["its key is gone", (directory: string) => rmSync(join(directory, "ca.key"))],
  ["its certificate is damaged", (directory: string) => writeFileSync(join(directory, "ca.crt"), "damaged")],
])("never replaces the authority silently: %s", async (_name, damage) => {
  const clock = new ManualClock();
  const directory = temporaryDirectory();
  await ensureServingIdentity({ directory, names: NAMES, clock });
  const key = readFileSync(join(directory, "ca.key"), "utf8").split("\n")[1] ?? "";
  damage(directory);
  const error: unknown = await ensureServingIdentity({ directory, names: NAMES, clock }).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: "FAILED_PRECONDITION", message: expect.stringContaining("remove both") });
  expect(String(error)).not.toContain(key);
});

it("renews while it runs: new connections get the new certificate", async () => {
  const clock = new ManualClock();
  const rig = await startApi({ clock });
  const before = await servedFingerprint(rig.server.address.port, rig.config.certificateAuthority ?? "");
  clock.advance(61 * DAY_MS);
  await expect
    .poll(() => servedFingerprint(rig.server.address.port, rig.config.certificateAuthority ?? ""))
    .not.toBe(before);
});

function servedFingerprint(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once("error", reject);
  });
}
