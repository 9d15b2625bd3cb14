import { assertEquals } from "@std/assert";
import { TcpSocket } from "../../src/drivers/tcp_socket.ts";

/** A server on loopback for one connection, and that connection's other end. */
async function pair() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const socket = new TcpSocket({ hostname: "127.0.0.1", port });
  const events: string[] = [];
  const closed = new Promise<void>((resolve) => socket.on("close", resolve));
  for (const event of ["connect", "end", "error", "close"]) {
    socket.on(event, () => events.push(event));
  }
  const peer = await listener.accept();
  return { socket, peer, events, closed, [Symbol.dispose]: () => listener.close() };
}

async function readAll(peer: Deno.Conn): Promise<Uint8Array> {
  return new Uint8Array(await new Response(peer.readable).arrayBuffer());
}

/** Bytes that tell their place. */
function patterned(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at % 251);
}

Deno.test("TcpSocket writes all bytes in order when the other end reads late", async () => {
  using made = await pair();
  const sent = patterned(3_000_000);
  for (let at = 0; at < sent.length; at += 70_001) {
    made.socket.write(sent.subarray(at, at + 70_001));
  }
  made.socket.end();
  assertEquals(await readAll(made.peer), sent);
  await made.closed;
  assertEquals(made.events, ["connect", "end", "close"]);
});

Deno.test("TcpSocket holds back what is written when it is corked", async () => {
  using made = await pair();
  const { socket, peer } = made;
  const block = new Uint8Array(100);
  socket.cork();
  socket.cork();
  socket.write(new Uint8Array([1]));
  socket.uncork();
  socket.write(new Uint8Array([2, 3]));
  const read = peer.read(block);
  const early = await Promise.race([
    read,
    new Promise<string>((resolve) => setTimeout(() => resolve("nothing"), 50)),
  ]);
  assertEquals(early, "nothing");
  socket.uncork();
  socket.end();
  assertEquals([await read, ...block.subarray(0, 3)], [3, 1, 2, 3]);
  peer.close();
  await made.closed;
});

Deno.test("TcpSocket leaves what it told of as it is when more comes", async () => {
  using made = await pair();
  const { socket, peer } = made;
  const parts: Uint8Array[] = [];
  socket.on("data", (part: Uint8Array) => parts.push(part));
  const sent = patterned(1_000_000);
  const writer = peer.writable.getWriter();
  for (let at = 0; at < sent.length; at += 10_007) await writer.write(sent.slice(at, at + 10_007));
  await writer.close();
  await made.closed;
  assertEquals(
    new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer()),
    sent,
  );
});

Deno.test("TcpSocket closes once and without an error when it is destroyed", async () => {
  using made = await pair();
  made.socket.on("connect", () => made.socket.destroy());
  await made.closed;
  made.socket.destroy();
  made.socket.write(new Uint8Array([1]));
  made.socket.end();
  assertEquals(made.socket.destroyed, true);
  assertEquals(await made.peer.read(new Uint8Array(1)), null);
  made.peer.close();
  assertEquals(made.events, ["connect", "close"]);
});

Deno.test("TcpSocket is never connected when it is destroyed while it dials", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const socket = new TcpSocket({ hostname: "127.0.0.1", port });
  const events: string[] = [];
  socket.on("connect", () => events.push("connect"));
  socket.on("error", () => events.push("error"));
  const closed = new Promise<void>((resolve) => socket.on("close", resolve));
  socket.destroy();
  await closed;
  assertEquals(events, []);
  listener.close();
});

Deno.test("TcpSocket tells of an error, then that it is closed when nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const socket = new TcpSocket({ hostname: "127.0.0.1", port });
  const events: string[] = [];
  socket.on("error", (error: { code?: string }) => events.push(`error ${error.code}`));
  await new Promise<void>((resolve) => socket.on("close", resolve));
  assertEquals([...events, socket.destroyed], ["error ECONNREFUSED", true]);
});
