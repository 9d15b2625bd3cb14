import { freePort, isFree } from "./ports.ts";

const NEAR = 100;

/**
 * The port to serve on: the one that `PORT` asks for, which must be free, or else `usual`, or one
 * near it if that is busy, with a notice.
 *
 * @throws if `PORT` is no port, or is busy
 *
 * @example
 * ```ts
 * import { choosePort } from "./serving_port.ts";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => choosePort({ asked: "http", usual: 8080, notice: () => {} }), TypeError);
 * ```
 */
export function choosePort(
  options: {
    readonly asked: string | undefined;
    readonly usual: number;
    readonly notice: (text: string) => void;
  },
): number {
  const { asked = "", usual, notice } = options;
  if (asked !== "") {
    const port = /^\d{1,5}$/.test(asked) ? Number(asked) : NaN;
    if (!(port > 0 && port < 65_536)) {
      throw new TypeError(
        `Cannot serve: PORT must be a number from 1 to 65535, received "${asked}"`,
      );
    }
    if (isFreeEverywhere(port)) return port;
    throw new Error(
      `Cannot serve: the port that PORT asks for must be free, received ${port}, which another ` +
        `process uses; end that one, choose another PORT, or leave PORT out`,
    );
  }
  if (isFreeEverywhere(usual)) return usual;
  const port = nearPort(usual) ?? freePort();
  notice(`Port ${usual} is in use: serving on ${port} instead (set PORT to choose one)`);
  return port;
}

function nearPort(usual: number): number | undefined {
  for (let port = usual + 1; port <= Math.min(usual + NEAR, 65_535); port++) {
    if (isFreeEverywhere(port)) return port;
  }
  return undefined;
}

/** Some systems let a single address be bound beside the one that stands for all. */
function isFreeEverywhere(port: number): boolean {
  return isFree(port, "127.0.0.1") && isFree(port, "0.0.0.0");
}
