const LOWEST = 20_000;
const COUNT = 12_000;

/**
 * Finds a port of 127.0.0.1 that nothing listens on. It lies below the range from which systems
 * take the ports of outgoing connections (32768 and up on Linux): otherwise, while a server is
 * down, somebody's connection could take its port away, or a client that keeps dialling it could
 * end up connected to itself. Another process may still take the port first: retry then.
 */
export function freePort(): number {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = LOWEST + (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % COUNT;
    if (isFree(port)) return port;
  }
  throw new Error(
    `Cannot find a free port: one of ${LOWEST} to ${LOWEST + COUNT - 1} must be free`,
  );
}

/** Whether nothing listens on the port now. */
export function isFree(port: number, hostname = "127.0.0.1"): boolean {
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
