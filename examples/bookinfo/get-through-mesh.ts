import { get } from "node:http";

const TIMEOUT_MS = 60_000;
const RETRY_MS = 100;

/** GETs `url` with another `Host`, again and again until it is answered with 200: the meshes may still be connecting. */
export async function getThroughMesh(url: string, host: string): Promise<string> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const { status, body } = await getOnce(url, host);
    if (status === 200) return body;
    if (Date.now() > deadline) throw new Error(`${url} for ${host} still answers ${status}: ${body}`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function getOnce(url: string, host: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { host } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", reject);
    }).on("error", reject);
  });
}
