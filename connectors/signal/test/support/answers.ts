import { createRequire } from "node:module";

interface Request {
  readonly verb: string;
  readonly path?: string;
}
interface Answer {
  readonly status: number;
  readonly headers?: readonly string[];
  readonly body?: string;
}

const { Router } = createRequire(import.meta.url)("@signalapp/mock-server/src/server/ws/router.js") as {
  Router: { prototype: { run: (request: Request) => Promise<unknown> } };
};

/**
 * Has the mock answer requests in its server's place where `answer` says how.
 *
 * @returns ends it
 */
export function answering(answer: (request: Request) => Answer | undefined): () => void {
  const { run } = Router.prototype;
  Router.prototype.run = function (request) {
    const given = answer(request);
    if (!given) return run.call(this, request);
    const { status, headers = [], body = "" } = given;
    return Promise.resolve({ status, message: "given", headers: [...headers], body: Buffer.from(body) });
  };
  return () => {
    Router.prototype.run = run;
  };
}
