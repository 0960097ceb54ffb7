import { Router } from "express";

/** Whether the server does what it is there for. Awaited for each request of `/readyz`. */
export type Readiness = () => boolean | Promise<boolean>;

/**
 * `/livez` and `/healthz`: the process answers. `/readyz`: it also serves. Anybody may ask, so nobody is told more than
 * that.
 */
export function createHealthRouter(readiness: Readiness): Router {
  const router = Router();
  router.get(["/livez", "/healthz"], (_request, response) => {
    response.type("text/plain").send("ok");
  });
  router.get("/readyz", async (_request, response) => {
    const ready = await isReady(readiness);
    response
      .status(ready ? 200 : 503)
      .type("text/plain")
      .send(ready ? "ok" : "not ready");
  });
  return router;
}

async function isReady(readiness: Readiness): Promise<boolean> {
  try {
    return await readiness();
  } catch {
    return false;
  }
}
