import { describe, expect, test, vi } from "vitest";
import type { SpiffeId } from "../../src/naming/spiffe-id.js";
import {
  type CertificateRotationOptions,
  createCertificateAuthority,
  createCertificateRotation,
  type IssuedCertificate,
  type RotationFailure,
  verifyPeerCertificate,
} from "../../src/trust/index.js";
import { ManualClock } from "./manual-clock.js";
import { GREEN, GREEN_EGRESS, RED, RED_INGRESS, readLeaf } from "./test-meshes.js";

const START = Date.UTC(2026, 5, 1);
const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
const RED_EGRESS = RED_INGRESS.replace("ingress", "egress") as SpiffeId;

function rig(overrides: Partial<CertificateRotationOptions> & { readonly caValidityMs?: number } = {}) {
  const { caValidityMs = 10 * YEAR, ...options } = overrides;
  const clock = new ManualClock(START);
  const failures: RotationFailure[] = [];
  const authority = createCertificateAuthority({ trustDomain: RED, now: START, validityMs: caValidityMs });
  const rotation = createCertificateRotation({
    authority,
    clock,
    random: () => 0,
    onFailure: (failure) => failures.push(failure),
    ...options,
  });
  /** Keys are made on other threads: a renewal that the clock started ends a little later. */
  const renewed = (id: SpiffeId, before: IssuedCertificate | undefined) =>
    vi.waitFor(() => {
      const certificate = rotation.get(id);
      if (certificate === before || certificate === undefined) throw new Error("not renewed");
      return certificate;
    });
  return { authority, clock, failures, rotation, renewed };
}

describe("createCertificateRotation", () => {
  test("issues on the first call and keeps that certificate", () => {
    const { rotation, authority, clock } = rig();
    const first = rotation.get(RED_INGRESS);
    expect(first).toMatchObject({ id: RED_INGRESS, notAfter: START + DAY });
    expect(rotation.get(RED_INGRESS)).toBe(first);
    expect(rotation.get(RED_EGRESS)).not.toBe(first);
    expect(
      verifyPeerCertificate({
        chain: first?.certificateChain ?? "",
        roots: authority.rootCertificates,
        now: clock.now(),
        trustDomain: RED,
      }),
    ).toMatchObject({ ok: true, id: RED_INGRESS });
  });

  test("renews at half of the lifetime, again and again, each time with a new key", async () => {
    const { rotation, clock, renewed } = rig();
    const told: IssuedCertificate[] = [];
    rotation.subscribe(RED_INGRESS, (certificate) => told.push(certificate));
    let current = rotation.get(RED_INGRESS);
    for (let cycle = 1; cycle <= 3; cycle++) {
      clock.advance(12 * HOUR - 1);
      expect(rotation.get(RED_INGRESS)).toBe(current);
      clock.advance(1);
      const next = await renewed(RED_INGRESS, current);
      expect(next.notAfter).toBe(START + cycle * 12 * HOUR + DAY);
      expect(next.privateKey.publicKey.equals(current?.privateKey.publicKey ?? next.privateKey.publicKey)).toBe(false);
      expect(told.at(-1)).toBe(next);
      current = next;
    }
    expect(told).toHaveLength(3);
  });

  test("jitter moves a renewal up to a tenth earlier, never later", async () => {
    const { rotation, clock, renewed } = rig({ random: () => 0.999 });
    const first = rotation.get(RED_INGRESS);
    clock.advance(12 * HOUR * 0.9);
    expect(rotation.get(RED_INGRESS)).toBe(first);
    clock.advance(12 * HOUR * 0.01);
    await renewed(RED_INGRESS, first);
  });

  test("ratio, validity and key type are the caller's", async () => {
    const { rotation, clock, renewed } = rig({ renewalRatio: 0.8, validityMs: 10 * HOUR, keyType: "RSA-2048" });
    const first = rotation.get(RED_INGRESS);
    expect(first?.notAfter).toBe(START + 10 * HOUR);
    expect(first?.privateKey.publicKey.asymmetricKeyType).toBe("rsa");
    clock.advance(8 * HOUR - 1);
    expect(rotation.get(RED_INGRESS)).toBe(first);
    clock.advance(1);
    expect((await renewed(RED_INGRESS, first)).privateKey.publicKey.asymmetricKeyType).toBe("rsa");
  });

  test.each([0, 1, -0.5, 1.5, Number.NaN])("refuses a ratio of %d", (renewalRatio) => {
    expect(() => rig({ renewalRatio })).toThrow("renewalRatio");
  });

  test("lifetimes of years need no timer that Node cannot hold", async () => {
    const { rotation, clock, renewed } = rig({ validityMs: 2 * YEAR, caValidityMs: 9 * YEAR });
    const first = rotation.get(RED_INGRESS);
    clock.advance(YEAR - 1);
    expect(rotation.get(RED_INGRESS)).toBe(first);
    clock.advance(1);
    await renewed(RED_INGRESS, first);
  });

  test("a host that slept past the renewal renews within a minute", async () => {
    const { rotation, clock, renewed } = rig();
    const first = rotation.get(RED_INGRESS);
    clock.advance(HOUR);
    clock.step(30 * HOUR);
    expect(rotation.get(RED_INGRESS)).toBe(first);
    clock.advance(MINUTE);
    expect((await renewed(RED_INGRESS, first)).notAfter).toBeGreaterThan(clock.now());
  });

  test("a clock that was set back leaves no certificate of the future in force", async () => {
    const authority = createCertificateAuthority({ trustDomain: RED, now: START - YEAR });
    const { rotation, clock, renewed } = rig({ authority });
    const first = rotation.get(RED_INGRESS);
    clock.step(-30 * DAY);
    clock.advance(MINUTE);
    expect((await renewed(RED_INGRESS, first)).notAfter).toBe(START - 29 * DAY + MINUTE);
    // Set back by less than the allowance for clocks that are behind: still valid, nothing to do.
    const second = rotation.get(RED_INGRESS);
    clock.step(-30 * SECOND);
    clock.advance(10 * MINUTE);
    expect(rotation.get(RED_INGRESS)).toBe(second);
  });

  test("a failing renewal keeps the certificate, backs off, and recovers", async () => {
    const { rotation, clock, failures, renewed } = rig({ caValidityMs: 13 * HOUR, validityMs: 12 * HOUR });
    let current = rotation.get(RED_INGRESS);
    while ((current?.notAfter ?? 0) - clock.now() > 2 * SECOND) {
      clock.advance(((current?.notAfter ?? 0) - clock.now()) / 2);
      current = await renewed(RED_INGRESS, current);
    }
    expect(failures).toEqual([]);
    // The authority itself ends: from here on nothing can be issued.
    clock.step(MINUTE);
    for (const [index, retryAfterMs] of [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((s) => s * SECOND).entries()) {
      clock.advance(index === 0 ? MINUTE : (failures.at(-1) as { retryAfterMs: number }).retryAfterMs);
      await vi.waitFor(() => expect(failures).toHaveLength(index + 1));
      expect(failures[index]).toMatchObject({ kind: "IssueFailed", id: RED_INGRESS, attempt: index + 1, retryAfterMs });
    }
    expect(failures[0]).toMatchObject({
      notAfter: START + 13 * HOUR,
      error: expect.objectContaining({ code: "FAILED_PRECONDITION" }),
    });
    expect(rotation.get(RED_INGRESS)).toBe(current);
    rotation.replaceAuthority(createCertificateAuthority({ trustDomain: RED, now: clock.now() }));
    expect((await renewed(RED_INGRESS, current)).notAfter).toBeGreaterThan(clock.now());
    expect(failures).toHaveLength(11);
  });

  test("retries are spread by chance, over half of the delay", async () => {
    const { rotation, clock, failures } = rig({ caValidityMs: HOUR, random: () => 0.5 });
    rotation.get(RED_INGRESS);
    clock.step(2 * HOUR);
    clock.advance(MINUTE);
    await vi.waitFor(() => expect(failures).toMatchObject([{ retryAfterMs: 750 }]));
  });

  test("without any certificate so far: undefined, reported, and there as soon as one can be issued", async () => {
    const { rotation, clock, failures, renewed } = rig({ caValidityMs: HOUR });
    clock.advance(2 * HOUR);
    const told: IssuedCertificate[] = [];
    rotation.subscribe(RED_INGRESS, (certificate) => told.push(certificate));
    expect(rotation.get(RED_INGRESS)).toBeUndefined();
    expect(failures).toMatchObject([{ kind: "IssueFailed", attempt: 1, retryAfterMs: SECOND }]);
    expect(failures[0]).not.toHaveProperty("notAfter");
    rotation.replaceAuthority(createCertificateAuthority({ trustDomain: RED, now: clock.now() }));
    const first = await renewed(RED_INGRESS, undefined);
    expect(told).toEqual([first]);
  });

  test("an identity of another trust domain gets nothing", () => {
    const { rotation, failures } = rig();
    expect(rotation.get(GREEN_EGRESS)).toBeUndefined();
    expect(failures).toMatchObject([{ id: GREEN_EGRESS, error: { code: "INVALID_ARGUMENT" } }]);
  });

  test("a new authority takes over every certificate at once", async () => {
    const { rotation, clock, renewed } = rig();
    const before = [rotation.get(RED_INGRESS), rotation.get(RED_EGRESS)];
    const next = createCertificateAuthority({ trustDomain: RED, now: START });
    rotation.replaceAuthority(next);
    const after = [await renewed(RED_INGRESS, before[0]), await renewed(RED_EGRESS, before[1])];
    for (const { certificateChain } of after) {
      expect(readLeaf(certificateChain).authorityKeyId).toBe(next.certificate.subjectKeyId);
    }
    // One timer per identity, as before: nothing of the old schedule is left.
    expect(clock.pendingTimers).toBe(2);
  });

  test("a new authority while a renewal is under way is the one that signs", async () => {
    const { rotation, clock, renewed } = rig();
    const told: IssuedCertificate[] = [];
    rotation.subscribe(RED_INGRESS, (certificate) => told.push(certificate));
    const first = rotation.get(RED_INGRESS);
    clock.advance(12 * HOUR);
    const next = createCertificateAuthority({ trustDomain: RED, now: clock.now() });
    rotation.replaceAuthority(next);
    const second = await renewed(RED_INGRESS, first);
    expect(readLeaf(second.certificateChain).authorityKeyId).toBe(next.certificate.subjectKeyId);
    expect(told).toEqual([second]);
    expect(clock.pendingTimers).toBe(1);
  });

  test("a subscriber that throws is reported and stops neither the others nor the renewal", async () => {
    const { rotation, clock, failures, renewed } = rig();
    const error = new Error("broken subscriber");
    const told: IssuedCertificate[] = [];
    rotation.subscribe(RED_INGRESS, () => {
      throw error;
    });
    rotation.subscribe(RED_INGRESS, (certificate) => told.push(certificate));
    const first = rotation.get(RED_INGRESS);
    clock.advance(12 * HOUR);
    const second = await renewed(RED_INGRESS, first);
    expect(failures).toEqual([{ kind: "ListenerFailed", id: RED_INGRESS, error }]);
    expect(told).toEqual([second]);
  });

  test("who unsubscribed hears nothing more, the other subscription of the same function does", async () => {
    const { rotation, clock, renewed } = rig();
    const listener = vi.fn();
    const unsubscribe = rotation.subscribe(RED_INGRESS, listener);
    rotation.subscribe(RED_INGRESS, listener);
    unsubscribe();
    unsubscribe();
    const first = rotation.get(RED_INGRESS);
    clock.advance(12 * HOUR);
    await renewed(RED_INGRESS, first);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test("forget and close leave nothing behind, also with a renewal under way", async () => {
    const { rotation, clock } = rig();
    const listener = vi.fn();
    rotation.subscribe(RED_INGRESS, listener);
    rotation.subscribe(RED_EGRESS, listener);
    clock.advance(12 * HOUR);
    rotation.forget(RED_INGRESS);
    rotation.forget(GREEN_EGRESS);
    expect(clock.pendingTimers).toBe(0);
    rotation.close();
    rotation.close();
    // Long enough for the keys that were being made.
    const other = rig();
    const before = other.rotation.get(RED_INGRESS);
    other.clock.advance(12 * HOUR);
    await other.renewed(RED_INGRESS, before);
    expect(clock.pendingTimers).toBe(0);
    expect(listener).not.toHaveBeenCalled();
    expect(() => rotation.get(RED_INGRESS)).toThrow(expect.objectContaining({ code: "FAILED_PRECONDITION" }));
    expect(() => rotation.subscribe(RED_INGRESS, listener)).toThrow("closed");
  });

  test("an identity that was forgotten during its renewal and asked for again is renewed once", async () => {
    const { rotation, clock, renewed } = rig();
    rotation.get(RED_INGRESS);
    clock.advance(12 * HOUR);
    rotation.forget(RED_INGRESS);
    const again = rotation.get(RED_INGRESS);
    expect(again?.notAfter).toBe(START + 36 * HOUR);
    clock.advance(12 * HOUR);
    await renewed(RED_INGRESS, again);
    expect(clock.pendingTimers).toBe(1);
  });
});

test("green and red rotate apart", () => {
  const authority = createCertificateAuthority({ trustDomain: GREEN, now: START });
  const { rotation } = rig({ authority });
  expect(rotation.get(GREEN_EGRESS)?.id).toBe(GREEN_EGRESS);
  expect(rotation.get(RED_INGRESS)).toBeUndefined();
});
