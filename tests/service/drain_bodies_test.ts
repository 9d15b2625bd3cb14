import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { testRealm } from "../support/realm.ts";

/** A POST that is sent piece by piece. */
async function openPost(options: {
  readonly port: number;
  readonly apiKey: string;
  readonly length: number;
}): Promise<{
  send(text: string): Promise<number>;
  /** The status of the answer, or `undefined` if the connection ends without one. */
  status(): Promise<string | undefined>;
  close(): void;
}> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: options.port });
  const send = (text: string) => connection.write(new TextEncoder().encode(text));
  await send(
    `POST /v1/exec/player.add_gold HTTP/1.1\r\nHost: localhost\r\n` +
      `Authorization: Bearer ${options.apiKey}\r\nRealmgate-Deadline-Ms: 3000\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${options.length}\r\n\r\n`,
  );
  return {
    send,
    async status() {
      const buffer = new Uint8Array(4_096);
      const size = await connection.read(buffer).catch(() => null);
      return size === null ? undefined : new TextDecoder().decode(buffer.subarray(9, 12));
    },
    close: () => connection.close(),
  };
}

Deno.test("Service on SIGTERM takes bodies that are on their way, and leaves those that never come", async () => {
  await using realm = await testRealm();
  const { service, client } = await realm.serve();
  const body = JSON.stringify({ params: { playerId: "1", amount: "1" } });
  const open = (length: number) =>
    openPost({ port: service.port, apiKey: realm.realm.apiKey, length });
  const posts = await Promise.all(Array.from({ length: 16 }, () => open(body.length)));
  const endless = await Promise.all(Array.from({ length: 4 }, () => open(1_000)));
  // Answered on the same isolates after them, so the heads above were read.
  for (let n = 0; n < 8; n++) await client.get("/livez", { connection: "close" });
  service.kill("SIGTERM");
  const began = performance.now();
  await eventually(() => performance.now() - began > 700, { what: "the port to be closing" });
  for (const post of posts) await post.send(body);
  assertEquals(await Promise.all(posts.map((post) => post.status())), posts.map(() => "200"));
  const left = await Promise.all(endless.map((post) => post.status()));
  assertEquals(left.filter((status) => status !== "503" && status !== "504"), []);
  // While those clients still hold on to their connections.
  assertEquals(await service.exited, 0);
  assertEquals(performance.now() - began < 20_000, true, "clients held the stop up");
  for (const post of [...posts, ...endless]) post.close();
});
