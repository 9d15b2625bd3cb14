import { assert, assertEquals } from "@std/assert";
import { runScript } from "../wrk.ts";
import { drawScript } from "./draw_script.ts";
import { drawBytes, UPDATE } from "./draws.ts";

const DRAWS = Uint16Array.of(7, UPDATE | 300, 10_000, UPDATE | 1, 256);

async function hasWrk(): Promise<boolean> {
  return await new Deno.Command("wrk", { args: ["-v"], stdout: "null", stderr: "null" }).output()
    .then(() => true, () => false);
}

Deno.test({
  name: "drawScript has wrk send the draws in turn, over and over, from the one that it is told",
  ignore: !await hasWrk(),
  async fn() {
    const file = await Deno.makeTempFile();
    await Deno.writeFile(file, drawBytes(DRAWS));
    const seen: string[] = [];
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        const { method, url, headers } = request;
        if (seen.length < 20) {
          const body = method === "POST" ? ` ${await request.text()} ${headers.get("x-key")}` : "";
          seen.push(`${method} ${new URL(url).pathname}${body}`);
        }
        return new Response("{}");
      },
    );
    try {
      const load = await runScript(`http://127.0.0.1:${server.addr.port}`, {
        lua: drawScript({
          read: { method: "GET", path: "/read/{id}", headers: {} },
          update: {
            method: "POST",
            path: "/update/{id}",
            body: '{"id":"{id}"}',
            headers: { "x-key": 'a"b' },
          },
          file,
          first: 3,
        }),
        connections: 1,
        seconds: 1,
      });
      assertEquals(load.errors, 0);
      assert(load.requests > 20, `${load.requests}`);
    } finally {
      await Deno.remove(file);
    }
    const read = (id: number) => `GET /read/${id}`;
    const update = (id: number) => `POST /update/${id} {"id":"${id}"} a"b`;
    const turn = [update(1), read(256), read(7), update(300), read(10_000)];
    // wrk asks its script for a request once before it begins, to see what it is like.
    const [first = ""] = seen;
    const shift = turn.indexOf(first);
    assert(shift === 0 || shift === 1, first);
    assertEquals(seen, Array.from({ length: 20 }, (_, at) => turn[(at + shift) % turn.length]));
  },
});
