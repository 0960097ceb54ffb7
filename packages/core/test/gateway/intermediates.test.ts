/** Meshes whose certificate authority is an intermediate, in Istio's `cacerts` layout, as companies run them. */
import { describe, expect, it } from "vitest";
import type { TrustDomain } from "../../src/naming/spiffe-id.js";
import { type CertificateAuthority, createCertificateAuthority } from "../../src/trust/index.js";
import { encodeCertificatePem } from "../../src/trust/pem.js";
import { cacertsBelow, loaded } from "../trust/test-meshes.js";
import { ask, eventually, httpWorkload, tlsExchange } from "./sockets.js";
import {
  egressTo,
  exportedHost,
  exportRoute,
  importedHost,
  importedService,
  ingressFor,
  outboundListener,
  startMesh,
  type TestMesh,
} from "./test-mesh.js";
import { credentials } from "./tls-client.js";

const now = Date.now();

function root(name: string): CertificateAuthority {
  return createCertificateAuthority({ trustDomain: name as TrustDomain, now });
}

/** `depth` authorities below `parent`, the last one for the mesh. */
function below(parent: CertificateAuthority, color: string, depth = 1): CertificateAuthority {
  const trustDomain = `${color}-mesh.local` as TrustDomain;
  const authority = loaded(cacertsBelow(parent, { trustDomain, now }), trustDomain, now);
  return depth === 1 ? authority : below(authority, color, depth - 1);
}

async function connected(red: TestMesh, green: TestMesh, redTrustsGreenBy = green.trust, greenTrustsRedBy = red.trust) {
  const workload = await httpWorkload((_, response) => response.end("from red"));
  await red.apply(
    ingressFor(red, green, { trust: redTrustsGreenBy }),
    exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [workload] }]),
  );
  await green.apply(
    egressTo(green, red, { trust: greenTrustsRedBy }),
    outboundListener(green),
    importedService("ratings", [{}]),
  );
  return () => ask(green.address("OutboundListener/green-mesh"), { host: importedHost("ratings") });
}

describe("a request passes between meshes with", () => {
  const corporate = root("corporate");
  it.each<[string, CertificateAuthority | undefined, CertificateAuthority | undefined]>([
    ["an intermediate at the client", undefined, below(root("green-root"), "green")],
    ["an intermediate at the server", below(root("red-root"), "red"), undefined],
    ["intermediates on both sides", below(root("red-root"), "red"), below(root("green-root"), "green")],
    ["two intermediates on both sides", below(root("red-root"), "red", 2), below(root("green-root"), "green", 2)],
    ["intermediates below one root", below(corporate, "red"), below(corporate, "green")],
  ])("%s", async (_, redAuthority, greenAuthority) => {
    const red = startMesh("red", redAuthority ? { authority: redAuthority } : {});
    const green = startMesh("green", greenAuthority ? { authority: greenAuthority } : {});
    const request = await connected(red, green);
    expect(await request()).toMatchObject({ status: 200, body: "from red" });
    expect(red.events.refused).toEqual([]);
  });

  it.each(["client", "server"])("the intermediate itself as the anchor, at the %s", async (side) => {
    const red = startMesh("red", { authority: below(root("red-root"), "red") });
    const green = startMesh("green", { authority: below(root("green-root"), "green") });
    const anchor = ({ trust, authority }: TestMesh) => ({
      ...trust,
      rootCertificates: encodeCertificatePem(authority.certificate.der),
    });
    const request = await connected(
      red,
      green,
      side === "client" ? anchor(green) : green.trust,
      side === "server" ? anchor(red) : red.trust,
    );
    const answer = await request();
    expect([red.events.refused, answer.body]).toEqual([[], "from red"]);
  });
});

it("a refusal names the certificate that leads nowhere, who issued it, and the root that was expected", async () => {
  const red = startMesh("red");
  const green = startMesh("green", { authority: below(root("green-root"), "green") });
  const other = root("other-root").rootCertificates;
  const request = await connected(red, green, { ...green.trust, rootCertificates: other });
  expect(await request()).toMatchObject({ status: 502 });
  await eventually(() => expect(red.events.refused).toMatchObject([{ reason: "CertificateInvalid" }]));
  expect(red.events.refused[0]?.message).toMatch(
    /was issued by "O=green-root", which is not a trusted root: trusted is "O=other-root"/,
  );
});

it("of an anchor that another authority issued, a caller below its sibling stays out, whatever it says it is", async () => {
  const company = root("company");
  const red = startMesh("red");
  const green = startMesh("green", { authority: below(company, "green") });
  const anchor = { ...green.trust, rootCertificates: encodeCertificatePem(green.authority.certificate.der) };
  const request = await connected(red, green, anchor);
  expect(await request()).toMatchObject({ status: 200 });
  const sibling = below(company, "green");
  const client = credentials(sibling, green.identity("egress-red-mesh"), red);
  const { port } = red.address("IngressGateway/green-mesh");
  const servername = `outbound_.9080_._.${exportedHost("ratings")}`;
  expect(await tlsExchange({ port, servername, ...client })).toMatchObject({ received: "" });
  await eventually(() => expect(red.events.refused).toMatchObject([{ reason: "CertificateInvalid" }]));
});
