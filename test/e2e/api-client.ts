import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRestClient, type RestClient } from "@meshfed/client";
import { Agent, fetch } from "undici";
import { parse } from "yaml";

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { server: string; "certificate-authority-data": string } }];
  readonly users: readonly [{ readonly user: { readonly token: string } }];
}

export interface ApiConnection {
  readonly client: RestClient;
  close(): Promise<void>;
}

/** A client of the server whose data directory it is, with the administrator's credential. */
export function connectTo(dataDirectory: string): ApiConnection {
  const kubeconfig = parse(readFileSync(join(dataDirectory, "kubeconfig"), "utf8")) as Kubeconfig;
  const [{ cluster }] = kubeconfig.clusters;
  const ca = Buffer.from(cluster["certificate-authority-data"], "base64").toString("utf8");
  const agent = new Agent({ connect: { ca } });
  const client = createRestClient({
    baseUrl: cluster.server,
    token: kubeconfig.users[0].user.token,
    fetch: (url, init) => fetch(url, { ...init, dispatcher: agent }),
  });
  return { client, close: () => agent.destroy() };
}
