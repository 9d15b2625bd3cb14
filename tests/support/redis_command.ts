/**
 * Sends one command over a connection of its own; returns the reply as the server wrote it.
 *
 * @throws {Error} if nothing came within a second
 */
export async function redisCommand(
  server: { readonly host: string; readonly port: number },
  line: string,
): Promise<string> {
  const connection = await Deno.connect({ hostname: server.host, port: server.port });
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Error(`No reply to ${line}`)), 1_000);
  try {
    await connection.write(new TextEncoder().encode(`${line}\r\n`));
    const buffer = new Uint8Array(65_536);
    const length = await Promise.race([connection.read(buffer), limit.promise]) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, length));
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}
