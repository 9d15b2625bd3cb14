import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { type Scope, ScopeWatch } from "../../src/core/scope.ts";
import { type MysqlTarget, SqlError } from "../../src/drivers/mysql.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { eventually } from "../support/eventually.ts";
import { firstRow, TestServer } from "../pool/fixture.ts";
import { TcpProxy } from "../pool/tcp_proxy.ts";

const server = TestServer.forThisFile({ tls: true });

async function withScope(
  test: (scope: Scope) => Promise<void>,
  options: { readonly timeoutMs?: number } = {},
): Promise<void> {
  const watch = new ScopeWatch({ clock: systemClock });
  const scope = watch.open({ timeoutMs: options.timeoutMs ?? 10_000 });
  try {
    await test(scope);
  } finally {
    scope.close();
    watch.close();
  }
}

async function authority(): Promise<string> {
  assert(server.stack.caFile !== undefined);
  return await Deno.readTextFile(server.stack.caFile);
}

/** Runs openssl in the stack's folder of certificates. */
async function openssl(...args: string[]): Promise<void> {
  const cwd = `${server.stack.home}/tls`;
  const { success } = await new Deno.Command("openssl", { args, cwd, stderr: "null" }).output();
  assert(success, `openssl ${args[0]} failed`);
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** An authority that signed nothing that is used here. */
async function strangeAuthority(): Promise<string> {
  const [subject, files] = ["/CN=Somebody else", ["-keyout", "strange.key", "-out", "strange.pem"]];
  await openssl("req", "-x509", ...NEW_KEY, "-subj", subject, ...files);
  return await Deno.readTextFile(`${server.stack.home}/tls/strange.pem`);
}

/** Lets the server show a certificate for another host for as long as `test` runs. */
async function asAnotherHost(test: () => Promise<void>): Promise<void> {
  const tls = `${server.stack.home}/tls`;
  const own = await Promise.all(["pem", "key"].map((end) => Deno.readFile(`${tls}/server.${end}`)));
  await Deno.writeTextFile(`${tls}/other.cnf`, "subjectAltName=DNS:db.example,IP:10.0.0.1\n");
  const request = ["-subj", "/CN=db.example", "-keyout", "server.key", "-out", "other.csr"];
  await openssl("req", ...NEW_KEY, ...request);
  const signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
  const files = ["-in", "other.csr", "-extfile", "other.cnf", "-out", "server.pem"];
  await openssl("x509", "-req", ...signer, ...files);
  await server.node.sql("FLUSH SSL");
  try {
    await test();
  } finally {
    await Deno.writeFile(`${tls}/server.pem`, own[0] as Uint8Array<ArrayBuffer>);
    await Deno.writeFile(`${tls}/server.key`, own[1] as Uint8Array<ArrayBuffer>);
    await server.node.sql("FLUSH SSL");
  }
}

/** The cipher of a session to `target`; empty without TLS. */
async function cipher(target: MysqlTarget): Promise<unknown> {
  let found: unknown;
  await withScope(async (scope) => {
    const session = await new Mysql2Driver().connect(target, scope);
    found = firstRow(await session.query("SHOW STATUS LIKE 'Ssl_cipher'"))[1];
    await session.end();
  });
  return found;
}

Deno.test("Mysql2Driver encrypts when the authority and the host are right", async () => {
  const tls = { ca: await authority() };
  assertEquals(await cipher({ ...server.target, tls }), "TLS_AES_256_GCM_SHA384");
  assertEquals(
    await cipher({ ...server.target, host: "localhost", tls }),
    "TLS_AES_256_GCM_SHA384",
  );
  assertEquals(await cipher(server.target), "");
});

Deno.test("Mysql2Driver refuses a server when another authority signed its certificate", async () => {
  for (const tls of [{ ca: await strangeAuthority() }, {}]) {
    const error = await assertRejects(() => cipher({ ...server.target, tls }), SqlError);
    assertEquals(error.kind, "connect_failed");
  }
});

Deno.test("Mysql2Driver refuses a server when its certificate names another host", async () => {
  const ca = await authority();
  await asAnotherHost(async () => {
    for (const host of ["localhost", "127.0.0.1"]) {
      const target = { ...server.target, host };
      const error = await assertRejects(() => cipher({ ...target, tls: { ca } }), SqlError);
      assertEquals(error.kind, "connect_failed");
      assertMatch(error.message, /altnames/);
      const tls = { ca, verifyIdentity: false };
      assertEquals(await cipher({ ...target, tls }), "TLS_AES_256_GCM_SHA384");
    }
  });
});

Deno.test("Mysql2Driver refuses a server when its certificate does not name its address", async () => {
  using proxy = new TcpProxy(server.node.port, { hostname: "127.0.0.2" });
  const target = { ...server.target, host: "127.0.0.2", port: proxy.port };
  const tls = { ca: await authority() };
  const error = await assertRejects(() => cipher({ ...target, tls }), SqlError);
  assertMatch(error.message, /127\.0\.0\.2 is not in the cert's list/);
});

Deno.test("Mysql2Driver checks every connection's certificate when one was accepted before", async () => {
  // TLS sessions are resumed per host and port: an accepted one must not vouch for another host.
  const tls = { ca: await authority() };
  await withScope(async (scope) => {
    const driver = new Mysql2Driver();
    for (let turn = 0; turn < 3; turn++) {
      const session = await driver.connect({ ...server.target, tls }, scope);
      await session.end();
    }
    using proxy = new TcpProxy(server.node.port, { hostname: "127.0.0.2" });
    const other = { ...server.target, host: "127.0.0.2", port: proxy.port, tls };
    await assertRejects(() => driver.connect(other, scope), SqlError);
  });
});

Deno.test("Mysql2Driver closes a session over TLS when the server kills it", async () => {
  const tls = { ca: await authority() };
  await withScope(async (scope) => {
    const session = await new Mysql2Driver().connect({ ...server.target, tls }, scope);
    const slow = session.execute("SELECT SLEEP(30)", []);
    const failed = assertRejects(() => slow, SqlError);
    await server.node.sql(`KILL ${session.threadId}`);
    await failed;
    await eventually(() => session.closed);
  });
});

Deno.test("Mysql2Driver passes the server's refusal on when the password is wrong", () =>
  withScope(async (scope) => {
    const target = { ...server.target, password: "wrong" };
    const error = await assertRejects(() => new Mysql2Driver().connect(target, scope), SqlError);
    assertEquals([error.kind, error.errno], ["server", 1045]);
  }));

Deno.test("Mysql2Driver fails when nobody listens", () =>
  withScope(async (scope) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    const target = { ...server.target, port };
    const error = await assertRejects(() => new Mysql2Driver().connect(target, scope), SqlError);
    assertEquals([error.kind, error.errno], ["connect_failed", 0]);
  }));

Deno.test("Mysql2Driver gives up when its scope ends before the server greets", async () => {
  using proxy = new TcpProxy(server.node.port);
  proxy.holdNewConnections();
  const target = { ...server.target, port: proxy.port };
  await withScope(async (scope) => {
    const error = await assertRejects(() => new Mysql2Driver().connect(target, scope), SqlError);
    assertEquals(error.kind, "connect_failed");
    await assertRejects(() => new Mysql2Driver().connect(target, scope), SqlError);
  }, { timeoutMs: 50 });
  await eventually(() => proxy.size === 0);
});
